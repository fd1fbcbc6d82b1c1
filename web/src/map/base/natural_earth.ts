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
  land: FeatureCollection;
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
    land: planar(feature(topology, land)),
    borders: mesh(topology, countries, (one, other) => one !== other),
    names: {
      type: "FeatureCollection",
      features: planar(feature(topology, countries)).features.flatMap((each) => nameOf(each) ?? []),
    },
  };
}

/** The atlas is stitched together on the globe; a flat map needs rings that do not jump at 180°. */
function planar(collection: FeatureCollection | Feature): FeatureCollection {
  const features = collection.type === "Feature" ? [collection] : collection.features;
  return {
    type: "FeatureCollection",
    features: features.map((each) => {
      const { geometry } = each;
      if (geometry.type === "Polygon") {
        return { ...each, geometry: { ...geometry, coordinates: flatten(geometry.coordinates) } };
      }
      if (geometry.type !== "MultiPolygon") return each;
      return { ...each, geometry: { ...geometry, coordinates: geometry.coordinates.map(flatten) } };
    }),
  };
}

function flatten(rings: Position[][]): Position[][] {
  const [outer, ...holes] = rings.map(unwrapped);
  if (outer === undefined) return [];
  const west = Math.min(...outer.map(([lon = 0]) => lon));
  const moved = holes.map((hole) => {
    const shift = (hole[0]?.[0] ?? 0) < west ? 360 : 0;
    return hole.map(([lon = 0, lat = 0]) => [lon + shift, lat]);
  });
  return [outer, ...moved];
}

/** A ring whose longitudes go on beyond 180°; one around a pole is closed along it. */
export function unwrapped(ring: Position[]): Position[] {
  let shift = 0;
  let previous = ring[0]?.[0] ?? 0;
  const flat = ring.map(([lon = 0, lat = 0]) => {
    if (lon - previous > 180) shift -= 360;
    else if (previous - lon > 180) shift += 360;
    previous = lon;
    return [lon + shift, lat];
  });
  if (shift === 0) return flat;
  const pole = (ring[0]?.[1] ?? 0) < 0 ? -90 : 90;
  const [first, last] = [flat[0] as Position, flat.at(-1) as Position];
  return [...flat, [last[0] as number, pole], [first[0] as number, pole], first];
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
