export { DronePanel } from "./DronePanel";
