/** A style for the tiles of a PMTiles archive: raster as it is, vector in the page's own quiet colours. */

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import { type Colour, cssColour, type Palette } from "../palette";

/** What an archive says of itself. */
export interface ArchiveFacts {
  /** Address that the `pmtiles` protocol knows it by. */
  url: string;
  vector: boolean;
  /** Names of the layers in vector tiles. */
  layers: string[];
  attribution: string | undefined;
}

type Kind = "land" | "water" | "green" | "building" | "road" | "border" | "place";

/** Layer names of the Protomaps, OpenMapTiles and Shortbread schemas, drawn in this order. */
const KINDS: [Kind, RegExp][] = [
  ["land", /^(earth|land)$/],
  ["green", /^(landcover|landuse|park|sites|natural)/],
  ["water", /^(water|ocean|waterway)/],
  ["building", /^buildings?$/],
  ["road", /^(roads?|transportation|streets)$/],
  ["border", /^(boundar|boundary|boundaries)/],
  ["place", /^(places?|place_labels|boundary_labels)$/],
];

export function archiveStyle(facts: ArchiveFacts, palette: Palette): StyleSpecification {
  const attribution = facts.attribution === undefined ? {} : { attribution: facts.attribution };
  const url = `pmtiles://${facts.url}`;
  if (!facts.vector) {
    return {
      version: 8,
      sources: { archive: { type: "raster", url, tileSize: 256, ...attribution } },
      layers: [{ id: "archive", type: "raster", source: "archive" }],
    };
  }
  const hasOcean = facts.layers.some((name) => kindOf(name) === "land");
  const below = hasOcean ? palette.sea : palette.land;
  return {
    version: 8,
    sources: { archive: { type: "vector", url, ...attribution } },
    layers: [
      { id: "below", type: "background", paint: { "background-color": cssColour(below) } },
      ...KINDS.flatMap(([kind]) =>
        facts.layers
          .filter((name) => kindOf(name) === kind)
          .flatMap((name) => layersOf(kind, name, palette)),
      ),
    ],
  };
}

function kindOf(name: string): Kind | undefined {
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0];
}

function layersOf(kind: Kind, name: string, palette: Palette): LayerSpecification[] {
  const from = { source: "archive", "source-layer": name };
  const fill = (colour: Colour, opacity = 1): LayerSpecification => ({
    id: `${name} fill`,
    type: "fill",
    ...from,
    filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "fill-color": cssColour(colour, opacity) },
  });
  const line = (colour: Colour, near: number): LayerSpecification => ({
    id: `${name} line`,
    type: "line",
    ...from,
    filter: ["==", ["geometry-type"], "LineString"],
    layout: { "line-join": "round", "line-cap": "round" },
    paint: {
      "line-color": cssColour(colour),
      "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 6, 0.4, 18, near],
    },
  });
  switch (kind) {
    case "land":
      return [fill(palette.land)];
    case "green":
      return [fill(palette.coast, 0.12)];
    case "water":
      return [fill(palette.sea), line(palette.sea, 3)];
    case "building":
      return [fill(palette.coast, 0.45)];
    case "road":
      return [line(palette.coast, 7)];
    case "border":
      return [line(palette.border, 1.5)];
    case "place":
      return [
        {
          id: `${name} name`,
          type: "symbol",
          ...from,
          layout: {
            "text-field": ["coalesce", ["get", "name:en"], ["get", "name_en"], ["get", "name"]],
            "text-font": ["sans-serif"],
            "text-size": 12,
          },
          paint: {
            "text-color": cssColour(palette.place),
            "text-halo-color": cssColour(palette.land),
            "text-halo-width": 1.2,
          },
        },
      ];
  }
}
