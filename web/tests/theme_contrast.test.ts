import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync("src/theme/tokens.css", "utf-8");
const [lightCss = "", darkCss = ""] = css.split(':root[data-theme="dark"]');
const light = tokensOf(lightCss);
const themes = { light, dark: new Map([...light, ...tokensOf(darkCss)]) };

/** What flies the aircraft: values, and what is said of them. */
const VALUES: readonly [string, string][] = [
  ["text", "surface"],
  ["text", "surface-raised"],
  ["text", "surface-hover"],
  ["text", "selection-surface"],
  ["text", "warning-surface"],
  ["text", "critical-surface"],
  ["text-secondary", "surface"],
];
/** Other text. */
const TEXTS: readonly [string, string][] = [
  ["text-muted", "surface"],
  ["text-muted", "surface-hover"],
  ["text-muted", "selection-surface"],
  ["text-secondary", "surface-raised"],
  ["warning", "surface"],
  ["warning", "surface-hover"],
  ["warning", "selection-surface"],
  ["warning", "warning-surface"],
  ["critical", "surface"],
  ["critical", "surface-hover"],
  ["critical", "selection-surface"],
  ["critical", "critical-surface"],
  ["selection", "surface"],
  ["on-critical", "critical-fill"],
  ["on-warning", "warning-fill"],
  ["on-selection", "selection"],
  ["map-label", "map-land"],
  ["on-sky", "sky"],
  ["on-ground", "ground"],
];
/** Shapes, outlines of controls, icons on the map. */
const SHAPES: readonly [string, string][] = [
  ["line-strong", "surface"],
  ["icon", "map-land"],
  ["icon", "map-water"],
  ["selection", "map-land"],
  ["critical-fill", "map-land"],
  ["critical-fill", "surface"],
];

describe.each(Object.entries(themes))("%s", (_name, tokens) => {
  const contrast = (front: string, back: string) => {
    const [a, b] = [luminance(tokens, front), luminance(tokens, back)].sort((x, y) => y - x);
    return ((a as number) + 0.05) / ((b as number) + 0.05);
  };

  test.each(VALUES)("flight values: %s on %s has 7:1", (front, back) => {
    expect(contrast(front, back)).toBeGreaterThanOrEqual(7);
  });

  test.each(TEXTS)("text: %s on %s has 4.5:1", (front, back) => {
    expect(contrast(front, back)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(SHAPES)("shapes: %s on %s has 3:1", (front, back) => {
    expect(contrast(front, back)).toBeGreaterThanOrEqual(3);
  });
});

test("every colour of the light theme has its dark one", () => {
  const colours = (text: string) => [...tokensOf(text).keys()].sort();
  expect(colours(darkCss)).toEqual(colours(lightCss));
});

function tokensOf(text: string): Map<string, string> {
  const found = text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g);
  return new Map([...found].map(([, name, colour]) => [name as string, colour as string]));
}

/** Relative luminance after WCAG 2. */
function luminance(tokens: ReadonlyMap<string, string>, name: string): number {
  const colour = tokens.get(name);
  if (colour === undefined) throw new Error(`there is no colour --${name}`);
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
