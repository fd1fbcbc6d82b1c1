export { DroneList } from "./DroneList";
