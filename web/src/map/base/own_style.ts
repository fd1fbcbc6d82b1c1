/** The user's own map: an address of a style, of tiles or of a PMTiles archive, or an archive in a file. */

import { addProtocol, type StyleSpecification } from "maplibre-gl";
import type { PMTiles, Protocol } from "pmtiles";
import type { Palette } from "../palette";
import { type ArchiveFacts, archiveStyle } from "./archive_style";

const STYLE_TIMEOUT_MS = 10_000;
/** `TileType` of a PMTiles header whose tiles are pictures. */
const PICTURE_TYPES: readonly number[] = [2, 3, 4, 5];

/** A style that can be made again in other colours. */
export type StyleMaker = (palette: Palette) => StyleSpecification;

/** Find out what is at an address. Throws an Error that says why when nothing usable is. */
export async function styleAt(address: string): Promise<StyleMaker> {
  if (/^pmtiles:/.test(address) || /\.pmtiles($|[?#])/.test(address)) {
    const url = new URL(address.replace(/^pmtiles:(\/\/)?/, ""), document.baseURI).href;
    const { PMTiles } = await import("pmtiles");
    return styleOfArchive(new PMTiles(url));
  }
  if (address.includes("{z}")) {
    // Built by hand: URL would encode the braces.
    const tiles = /^https?:/.test(address) ? address : location.origin + address;
    return () => ({
      version: 8,
      sources: { tiles: { type: "raster", tiles: [tiles], tileSize: 256 } },
      layers: [{ id: "tiles", type: "raster", source: "tiles" }],
    });
  }
  const url = new URL(address, document.baseURI).href;
  const response = await fetch(url, { signal: AbortSignal.timeout(STYLE_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const style = (await response.json()) as StyleSpecification;
  if (style.version !== 8 || !Array.isArray(style.layers)) {
    throw new Error("it is not a MapLibre style");
  }
  if (JSON.stringify(style.sources).includes("pmtiles://")) await archives();
  return () => style;
}

export async function styleOfFile(file: File): Promise<StyleMaker> {
  const { FileSource, PMTiles } = await import("pmtiles");
  return styleOfArchive(new PMTiles(new FileSource(file)));
}

async function styleOfArchive(archive: PMTiles): Promise<StyleMaker> {
  const header = await archive.getHeader();
  const metadata = (await archive.getMetadata()) as {
    vector_layers?: { id: string }[];
    attribution?: string;
  };
  (await archives()).add(archive);
  const facts: ArchiveFacts = {
    url: archive.source.getKey(),
    vector: !PICTURE_TYPES.includes(header.tileType),
    layers: (metadata.vector_layers ?? []).map((layer) => layer.id),
    attribution: metadata.attribution,
  };
  return (palette) => archiveStyle(facts, palette);
}

let protocol: Promise<Protocol> | undefined;

/** The archives that MapLibre can read from; made known to it once for the page. */
function archives(): Promise<Protocol> {
  protocol ??= import("pmtiles").then(({ Protocol: Archives }) => {
    const made = new Archives();
    addProtocol("pmtiles", made.tile);
    return made;
  });
  return protocol;
}
