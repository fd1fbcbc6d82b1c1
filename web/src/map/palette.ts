/** The map's colours, from the page's stylesheet, so that light and dark come from one place. */

/** Red, green, blue 0 … 255 and opacity 0 … 1. */
export type Colour = readonly [number, number, number, number];

const SOURCES = {
  sea: "var(--map-water)",
  land: "var(--map-land)",
  /** What is drawn where the coasts are no longer true enough to show. */
  ground: "var(--map-land)",
  coast: "var(--map-line)",
  border: "color-mix(in srgb, var(--map-line) 60%, var(--map-land))",
  place: "var(--map-label)",
  grid: "color-mix(in srgb, var(--map-line) 35%, var(--map-label))",
  text: "var(--text)",
  faint: "var(--text-secondary)",
  halo: "var(--map-halo)",
  normal: "color-mix(in srgb, var(--icon) 62%, var(--map-land))",
  armed: "var(--text)",
  trail: "var(--trail)",
  warning: "var(--warning-fill)",
  critical: "var(--critical-fill)",
  selected: "var(--selection)",
  surface: "var(--surface)",
} as const;

export type ColourName = keyof typeof SOURCES;
export type Palette = Record<ColourName, Colour>;

/** Read the colours as they apply to an element now. */
export function readPalette(element: HTMLElement): Palette {
  const probe = element.appendChild(document.createElement("span"));
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const palette: Partial<Record<ColourName, Colour>> = {};
  for (const [name, source] of Object.entries(SOURCES)) {
    // The style resolves light-dark() and var(), the canvas whatever notation is left.
    probe.style.color = source;
    palette[name as ColourName] =
      context === null ? [128, 128, 128, 1] : pixel(context, getComputedStyle(probe).color);
  }
  probe.remove();
  return palette as Palette;
}

function pixel(context: CanvasRenderingContext2D, colour: string): Colour {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 255] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

export function cssColour([red, green, blue, alpha]: Colour, opacity = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha * opacity})`;
}

/** A colour as the four bytes that a vertex attribute takes (little endian: red first). */
export function packed([red, green, blue, alpha]: Colour, opacity = 1): number {
  const a = Math.round(255 * Math.min(Math.max(alpha * opacity, 0), 1));
  return ((a << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Call back whenever the page changes between light and dark; returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  const attributes = { attributeFilter: ["class", "style", "data-theme"] };
  observer.observe(document.documentElement, attributes);
  observer.observe(document.body, attributes);
  const queries = [
    window.matchMedia("(prefers-color-scheme: dark)"),
    window.matchMedia("(prefers-contrast: more)"),
  ];
  for (const query of queries) query.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener("change", changed);
  };
}
