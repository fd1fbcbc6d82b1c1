/** Everything about the selected drone. */

export { DronePanel } from "./DronePanel";
