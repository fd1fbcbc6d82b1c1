/** Web Mercator in the unit square, and from there to the screen. All in float64: metres stay metres at any zoom. */

const TILE_SIZE_PX = 512;
const EARTH_CIRCUMFERENCE_M = 40_075_016.686;
const MOST_LATITUDE = 85.0511;
const RADIANS = Math.PI / 180;

export function mercatorX(lon: number): number {
  return lon / 360 + 0.5;
}

export function mercatorY(lat: number): number {
  const sine = Math.sin(Math.min(Math.max(lat, -MOST_LATITUDE), MOST_LATITUDE) * RADIANS);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

export function longitude(x: number): number {
  return (x - 0.5) * 360;
}

export function latitude(y: number): number {
  return Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) / RADIANS;
}

/** Mercator units that one metre takes at this latitude. */
export function unitsPerMetre(lat: number): number {
  return 1 / (EARTH_CIRCUMFERENCE_M * Math.cos(lat * RADIANS));
}

export interface Camera {
  lon: number;
  lat: number;
  zoom: number;
  /** Compass direction that points up, degrees. */
  bearing: number;
  /** Where the centre is on the screen, pixels (off the middle when panels lie over an edge). */
  centreX: number;
  centreY: number;
  width: number;
  height: number;
}

/** Where things are on the screen. The map is never pitched, so this is a rotation and a scale. */
export class Screen {
  readonly width: number;
  readonly height: number;
  readonly zoom: number;
  readonly lon: number;
  readonly lat: number;
  readonly bearing: number;
  /** Pixels per Mercator unit. */
  readonly scale: number;
  /** Pixels per metre at the centre. */
  readonly pixelsPerMetre: number;
  private readonly x: number;
  private readonly y: number;
  private readonly centreX: number;
  private readonly centreY: number;
  private readonly cos: number;
  private readonly sin: number;

  constructor(camera: Camera) {
    this.width = camera.width;
    this.height = camera.height;
    this.zoom = camera.zoom;
    this.lon = camera.lon;
    this.lat = camera.lat;
    this.bearing = camera.bearing;
    this.scale = TILE_SIZE_PX * 2 ** camera.zoom;
    this.pixelsPerMetre = this.scale * unitsPerMetre(camera.lat);
    this.x = mercatorX(camera.lon);
    this.y = mercatorY(camera.lat);
    this.centreX = camera.centreX;
    this.centreY = camera.centreY;
    this.cos = Math.cos(camera.bearing * RADIANS) * this.scale;
    this.sin = Math.sin(camera.bearing * RADIANS) * this.scale;
  }

  /** Screen x of a Mercator position; of the world's copies the one nearest to the centre. */
  toX(x: number, y: number): number {
    const east = x - this.x;
    return this.centreX + this.cos * (east - Math.round(east)) + this.sin * (y - this.y);
  }

  /** Screen y of a Mercator position. */
  toY(x: number, y: number): number {
    const east = x - this.x;
    return this.centreY - this.sin * (east - Math.round(east)) + this.cos * (y - this.y);
  }

  /** Screen x without looking for the nearest copy of the world: for lines across several. */
  planeX(x: number, y: number): number {
    return this.centreX + this.cos * (x - this.x) + this.sin * (y - this.y);
  }

  planeY(x: number, y: number): number {
    return this.centreY - this.sin * (x - this.x) + this.cos * (y - this.y);
  }

  /** Mercator position of a screen position; x may lie outside 0 … 1 beyond the antimeridian. */
  fromScreen(screenX: number, screenY: number): { x: number; y: number } {
    const right = (screenX - this.centreX) / this.scale;
    const down = (screenY - this.centreY) / this.scale;
    const cos = this.cos / this.scale;
    const sin = this.sin / this.scale;
    return { x: this.x + cos * right - sin * down, y: this.y + sin * right + cos * down };
  }

  /** The Mercator rectangle around what is visible. */
  extent(): { west: number; east: number; north: number; south: number } {
    const corners = [
      this.fromScreen(0, 0),
      this.fromScreen(this.width, 0),
      this.fromScreen(0, this.height),
      this.fromScreen(this.width, this.height),
    ];
    const xs = corners.map((corner) => corner.x);
    const ys = corners.map((corner) => corner.y);
    return {
      west: Math.min(...xs),
      east: Math.max(...xs),
      north: Math.min(...ys),
      south: Math.max(...ys),
    };
  }
}
