/** Which icon says what: shape is the type, rotation the heading, outline armed, fill the state. */

/** Cells of the atlas, in its order. */
export const SHAPES = [
  "copter",
  "plane",
  "vtol",
  "rover",
  "boat",
  "sub",
  "arrow",
  "disc",
  "warning",
  "critical",
  "lost",
  "home",
] as const;

export type Shape = (typeof SHAPES)[number];

const OF_VEHICLE: Record<string, Shape> = {
  copter: "copter",
  helicopter: "copter",
  plane: "plane",
  kite: "plane",
  "flapping-wing": "plane",
  parafoil: "plane",
  vtol: "vtol",
  rover: "rover",
  quadruped: "rover",
  boat: "boat",
  sub: "sub",
};

/** The icon of a vehicle. One that does not know where its nose is gets a disc: it must not point north. */
export function shapeOf(vehicle: string | null, heading: number | null | undefined): Shape {
  if (heading === null || heading === undefined) return "disc";
  return (vehicle === null ? undefined : OF_VEHICLE[vehicle]) ?? "arrow";
}

export function cellOf(shape: Shape): number {
  return SHAPES.indexOf(shape);
}

/** Outlines on a square of 24 pixels around the origin, nose up. */
export const PATHS: Record<Shape, string> = {
  copter:
    `${circle(-8, -5.5, 3.6)}${circle(8, -5.5, 3.6)}${circle(-8, 7, 3.6)}${circle(8, 7, 3.6)}` +
    "M-8.4,-4.4 L-7.4,-6.2 L0,-1.6 L7.4,-6.2 L8.4,-4.4 L2.2,0.6 L8.5,6 L7.4,7.8 L0,2.6 L-7.4,7.8 L-8.5,6 L-2.2,0.6Z" +
    "M0,-12 L4.6,6 L0,3.8 L-4.6,6Z",
  plane:
    "M0,-11.5 C1.3,-11.5 1.9,-9 1.9,-6.5 L1.9,-2.8 L11.5,2.4 L11.5,5 L1.9,2.4 L1.4,7 L4.8,9.3 L4.8,11.3 " +
    "L0,10.2 L-4.8,11.3 L-4.8,9.3 L-1.4,7 L-1.9,2.4 L-11.5,5 L-11.5,2.4 L-1.9,-2.8 L-1.9,-6.5 C-1.9,-9 -1.3,-11.5 0,-11.5Z",
  vtol:
    "M0,-11.5 C1.3,-11.5 1.9,-9 1.9,-6.5 L1.9,-1.6 L11.5,-1.6 L11.5,1.6 L1.9,1.6 L1.4,7.4 L4.4,9.4 L4.4,11.3 " +
    "L0,10.2 L-4.4,11.3 L-4.4,9.4 L-1.4,7.4 L-1.9,1.6 L-11.5,1.6 L-11.5,-1.6 L-1.9,-1.6 L-1.9,-6.5 C-1.9,-9 -1.3,-11.5 0,-11.5Z" +
    `${circle(-7, -5, 2.6)}${circle(7, -5, 2.6)}${circle(-7, 5, 2.6)}${circle(7, 5, 2.6)}`,
  rover:
    "M0,-11 L4.5,-6 L4.5,9 L-4.5,9 L-4.5,-6Z M-8.5,-6.5 h3 v6 h-3Z M5.5,-6.5 h3 v6 h-3Z M-8.5,3 h3 v6 h-3Z M5.5,3 h3 v6 h-3Z",
  boat: "M0,-11.5 C4,-7.5 5.8,-2 5.8,3 L4.6,10.5 L-4.6,10.5 L-5.8,3 C-5.8,-2 -4,-7.5 0,-11.5Z",
  sub:
    "M0,-11.5 C3.4,-11.5 4.6,-7 4.6,-2 C4.6,2.5 3.2,6 1.5,7.8 L5.5,8.4 L5.5,11 L-5.5,11 L-5.5,8.4 L-1.5,7.8 " +
    "C-3.2,6 -4.6,2.5 -4.6,-2 C-4.6,-7 -3.4,-11.5 0,-11.5Z M-7.5,-3 h15 v2.4 h-15Z",
  arrow: "M0,-11 L7.5,9 L0,5 L-7.5,9Z",
  disc: circle(0, 0, 7),
  warning: "M0,-9.5 L10.5,9 L-10.5,9Z",
  critical: "M-4,-9.5 L4,-9.5 L9.5,-4 L9.5,4 L4,9.5 L-4,9.5 L-9.5,4 L-9.5,-4Z",
  lost: "M0,-11 L11,0 L0,11 L-11,0Z",
  home: "M0,-9 L9,-1 L6.5,-1 L6.5,8 L-6.5,8 L-6.5,-1 L-9,-1Z",
};

/** Letters cut out of the badges, so that state is told by more than colour. */
export const LETTERS: Partial<Record<Shape, string>> = { warning: "!", critical: "!", lost: "?" };

function circle(x: number, y: number, radius: number): string {
  const twice = 2 * radius;
  return `M${x - radius},${y} a${radius},${radius} 0 1 0 ${twice},0 a${radius},${radius} 0 1 0 ${-twice},0Z`;
}
