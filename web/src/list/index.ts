/** The fleet as a list: search, sort, select. */

export { DroneList } from "./DroneList";
