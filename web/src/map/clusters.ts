/** Drones too close together to tell apart become one disc with their number. */

/** Squares of this size on the screen are looked at together: larger ones where there is more to tell apart. */
const CELL_PX = 40;
const CROWDED_CELL_PX = 64;
const CROWD = 100;
const LEAST_MEMBERS = 4;
/** From here on squares are small enough that icons are worth seeing one by one. */
const LAST_ZOOM = 15;

export interface Placed {
  /** Mercator position, 0 … 1. */
  x: number;
  y: number;
  /** 0 is well, larger is worse. */
  rank: number;
}

export interface Cluster<Item extends Placed> {
  x: number;
  y: number;
  members: Item[];
  /** The worst rank of its members. */
  worst: number;
}

export interface Clustering<Item extends Placed> {
  clusters: Cluster<Item>[];
  /** What is drawn one by one. */
  single: Item[];
}

interface Cell<Item> {
  column: number;
  row: number;
  x: number;
  y: number;
  members: Item[];
  taken: boolean;
}

/** The zoom that clusters are made for: half steps, so that they stay put while the map is panned. */
export function clusterZoom(zoom: number): number {
  return Math.floor(zoom * 2) / 2;
}

/** Group items in squares of the Mercator plane, and squares with their neighbours where they touch. */
export function cluster<Item extends Placed>(
  items: readonly Item[],
  zoom: number,
): Clustering<Item> {
  if (zoom > LAST_ZOOM || items.length < LEAST_MEMBERS) return { clusters: [], single: [...items] };
  const size = (items.length > CROWD ? CROWDED_CELL_PX : CELL_PX) / (512 * 2 ** zoom);
  const cells = new Map<number, Cell<Item>>();
  const columns = Math.ceil(1 / size) + 2;
  for (const item of items) {
    const column = Math.floor(item.x / size);
    const row = Math.floor(item.y / size);
    const key = row * columns + column;
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = { column, row, x: 0, y: 0, members: [], taken: false };
      cells.set(key, cell);
    }
    cell.members.push(item);
    cell.x += item.x;
    cell.y += item.y;
  }
  for (const cell of cells.values()) {
    cell.x /= cell.members.length;
    cell.y /= cell.members.length;
  }
  const result: Clustering<Item> = { clusters: [], single: [] };
  const largestFirst = [...cells.values()].sort((a, b) => b.members.length - a.members.length);
  for (const cell of largestFirst) {
    if (cell.taken) continue;
    cell.taken = true;
    const joined = [cell, ...touching(cell, cells, columns, size * 0.75)];
    const members = joined.flatMap((each) => each.members);
    if (members.length < LEAST_MEMBERS) result.single.push(...members);
    else result.clusters.push(summary(members));
  }
  return result;
}

function touching<Item>(
  centre: Cell<Item>,
  cells: Map<number, Cell<Item>>,
  columns: number,
  reach: number,
): Cell<Item>[] {
  const found: Cell<Item>[] = [];
  for (let row = centre.row - 1; row <= centre.row + 1; row += 1) {
    for (let column = centre.column - 1; column <= centre.column + 1; column += 1) {
      const cell = cells.get(row * columns + column);
      if (cell === undefined || cell.taken) continue;
      if (Math.hypot(cell.x - centre.x, cell.y - centre.y) > reach) continue;
      cell.taken = true;
      found.push(cell);
    }
  }
  return found;
}

function summary<Item extends Placed>(members: Item[]): Cluster<Item> {
  let x = 0;
  let y = 0;
  let worst = 0;
  for (const member of members) {
    x += member.x;
    y += member.y;
    worst = Math.max(worst, member.rank);
  }
  return { x: x / members.length, y: y / members.length, members, worst };
}

/** Radius of a cluster's disc in pixels. */
export function discRadius(count: number): number {
  return Math.min(13 + 4 * Math.log10(count), 30);
}
