/** The style of the bundled map: land, coasts, borders, names; colours from the page's theme. */

import type { ExpressionSpecification, Map as MapLibreMap, StyleSpecification } from "maplibre-gl";
import { cssColour, type Palette } from "../palette";
import { loadWorld, type World } from "./natural_earth";

/** Natural Earth's coasts are off by up to a kilometre: closer than this they would mislead. */
const COASTS_END = 12;
const FINE_FROM_ZOOM = 5;
export const ATTRIBUTION = "Made with Natural Earth";

/** No `glyphs`: MapLibre draws names with the system's own fonts, nothing is fetched. */
export function bundledStyle(palette: Palette): StyleSpecification {
  const paint = paints(palette);
  const empty = { type: "FeatureCollection" as const, features: [] };
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: empty, attribution: ATTRIBUTION },
      borders: { type: "geojson", data: empty },
      names: { type: "geojson", data: empty },
    },
    layers: [
      { id: "sea", type: "background", paint: paint.sea },
      { id: "land", type: "fill", source: "land", paint: paint.land },
      { id: "coast", type: "line", source: "land", paint: paint.coast },
      { id: "borders", type: "line", source: "borders", paint: paint.borders },
      {
        id: "names",
        type: "symbol",
        source: "names",
        maxzoom: 8,
        layout: {
          "text-field": ["get", "name"],
          "text-font": ["sans-serif"],
          "text-size": ["interpolate", ["linear"], ["zoom"], 1, 10, 6, 14],
          "text-letter-spacing": 0.05,
          "text-max-width": 8,
          "symbol-sort-key": ["-", ["get", "area"]],
        },
        paint: paint.names,
      },
    ],
  };
}

type Fade = ["interpolate", ["linear"], ["zoom"], ...(number | string)[]];

function paints(palette: Palette) {
  const fade = (near: number | string, far: number | string): Fade => [
    "interpolate",
    ["linear"],
    ["zoom"],
    COASTS_END - 2,
    near,
    COASTS_END,
    far,
  ];
  const gone = fade(1, 0) as ExpressionSpecification;
  const sea = fade(cssColour(palette.sea), cssColour(palette.ground)) as ExpressionSpecification;
  return {
    sea: { "background-color": sea },
    land: {
      "fill-color": cssColour(palette.land),
      "fill-opacity": gone,
      "fill-antialias": false,
    },
    coast: { "line-color": cssColour(palette.coast), "line-opacity": gone, "line-width": 0.8 },
    borders: { "line-color": cssColour(palette.border), "line-opacity": gone, "line-width": 1 },
    names: {
      "text-color": cssColour(palette.place),
      "text-halo-color": cssColour(palette.land),
      "text-halo-width": 1.2,
    },
  };
}

/** Give a map that shows the bundled style other colours. */
export function recolour(map: MapLibreMap, palette: Palette): void {
  for (const [layer, values] of Object.entries(paints(palette))) {
    for (const [property, value] of Object.entries(values)) {
      map.setPaintProperty(layer, property as "fill-color", value as string);
    }
  }
}

/** Fills the bundled style with the world, finer once a region is looked at. */
export class BundledWorld {
  private shown: "nothing" | "coarse" | "fine" = "nothing";
  private loading: "coarse" | "fine" | undefined;
  private readonly map: MapLibreMap;

  constructor(map: MapLibreMap) {
    this.map = map;
  }

  /** To be called when the style was loaded anew; its sources are empty then. */
  restart(): void {
    this.shown = "nothing";
    this.loading = undefined;
    void this.update();
  }

  /** Load what the zoom asks for, if it is not there yet. */
  async update(): Promise<void> {
    const wanted = this.map.getZoom() >= FINE_FROM_ZOOM ? "fine" : "coarse";
    const next = this.shown === "nothing" ? "coarse" : wanted;
    if (this.shown === "fine" || this.shown === next || this.loading === next) return;
    this.loading = next;
    try {
      const world = await loadWorld(next);
      if (this.loading === next) this.show(world, next);
    } catch {
      // The fleet is drawn on an empty map then; the next movement of the map tries again.
      this.loading = undefined;
    }
  }

  private show(world: World, detail: "coarse" | "fine"): void {
    this.loading = undefined;
    const data = { land: world.land, borders: world.borders, names: world.names };
    for (const [id, each] of Object.entries(data)) {
      const source = this.map.getSource(id);
      if (source === undefined || !("setData" in source)) return;
      (source as { setData(data: unknown): unknown }).setData(each);
    }
    this.shown = detail;
    if (detail === "coarse") void this.update();
  }
}
