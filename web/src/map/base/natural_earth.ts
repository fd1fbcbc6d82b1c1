/** The bundled world: Natural Earth's countries, from the `world-atlas` package. */

import type {
  Feature,
  FeatureCollection,
  MultiLineString,
  MultiPolygon,
  Point,
  Polygon,
  Position,
} from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import fineFile from "world-atlas/countries-10m.json?url";
import coarseFile from "world-atlas/countries-50m.json?url";

type Countries = Topology<{
  countries: GeometryCollection<{ name: string }>;
  land: GeometryCollection;
}>;

export interface World {
  land: FeatureCollection | Feature;
  /** Between countries; coasts are left out. */
  borders: MultiLineString;
  /** A point with `name` and `area` for each country. */
  names: FeatureCollection<Point, { name: string; area: number }>;
}

/** Load the world, for maps of continents or of regions. */
export async function loadWorld(detail: "coarse" | "fine"): Promise<World> {
  const response = await fetch(detail === "coarse" ? coarseFile : fineFile);
  if (!response.ok) throw new Error(`the world map cannot be loaded: HTTP ${response.status}`);
  return worldOf((await response.json()) as Countries);
}

export function worldOf(topology: Countries): World {
  const { countries, land } = topology.objects;
  return {
    land: feature(topology, land),
    borders: mesh(topology, countries, (one, other) => one !== other),
    names: {
      type: "FeatureCollection",
      features: feature(topology, countries).features.flatMap((country) => nameOf(country) ?? []),
    },
  };
}

function nameOf(country: Feature): Feature<Point, { name: string; area: number }> | undefined {
  const name = country.properties?.name;
  if (typeof name !== "string") return undefined;
  const { geometry } = country;
  if (geometry.type !== "Polygon" && geometry.type !== "MultiPolygon") return undefined;
  const largest = outerRings(geometry)
    .map(centroid)
    .sort((a, b) => b.area - a.area)[0];
  if (largest === undefined) return undefined;
  return {
    type: "Feature",
    properties: { name, area: largest.area },
    geometry: { type: "Point", coordinates: [largest.lon, largest.lat] },
  };
}

function outerRings(geometry: Polygon | MultiPolygon): Position[][] {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.flatMap((rings) => (rings[0] === undefined ? [] : [rings[0]]));
}

/** Centre of gravity of a ring and its area in square degrees, true enough for a label. */
function centroid(ring: Position[]): { lon: number; lat: number; area: number } {
  let area = 0;
  let lon = 0;
  let lat = 0;
  let [x0 = 0, y0 = 0] = ring[0] ?? [];
  for (const [x = 0, y = 0] of ring) {
    const cross = x0 * y - x * y0;
    area += cross;
    lon += (x0 + x) * cross;
    lat += (y0 + y) * cross;
    [x0, y0] = [x, y];
  }
  if (area === 0) return { lon: x0, lat: y0, area: 0 };
  const middle = lat / (3 * area);
  const width = Math.cos((middle * Math.PI) / 180);
  return { lon: lon / (3 * area), lat: middle, area: (Math.abs(area) / 2) * width };
}
