/** Plots of any field over any time. */

export { PlotPanel } from "./PlotPanel";
