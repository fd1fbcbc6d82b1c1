/** Flights of the past: their list, the time slider, and their values and track at a moment. */

export { FlightList } from "./FlightList";
export { HistoryBar } from "./HistoryBar";
export { History } from "./history";
export { PastValues } from "./pastValues";
