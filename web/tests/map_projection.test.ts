import { describe, expect, test } from "vitest";
import {
  latitude,
  longitude,
  mercatorX,
  mercatorY,
  Screen,
  unitsPerMetre,
} from "../src/map/mercator";

function screenAt(camera: Partial<ConstructorParameters<typeof Screen>[0]> = {}): Screen {
  return new Screen({
    lon: 8.5456,
    lat: 47.3977,
    zoom: 16,
    bearing: 0,
    centreX: 640,
    centreY: 400,
    width: 1280,
    height: 800,
    ...camera,
  });
}

describe("the screen", () => {
  test("shows its centre where the free part of the map has its middle", () => {
    const screen = screenAt({ centreX: 500, centreY: 300 });
    expect(screen.toX(mercatorX(8.5456), mercatorY(47.3977))).toBeCloseTo(500, 9);
    expect(screen.toY(mercatorX(8.5456), mercatorY(47.3977))).toBeCloseTo(300, 9);
  });

  test("tells a centimetre apart at the closest zoom, far from the prime meridian", () => {
    const screen = screenAt({ lon: 179.9, lat: -36.8, zoom: 22 });
    const x = mercatorX(179.9);
    const y = mercatorY(-36.8);
    const centimetre = 0.01 * unitsPerMetre(-36.8);
    const moved = screen.toX(x + centimetre, y) - screen.toX(x, y);
    expect(moved).toBeCloseTo(0.01 * screen.pixelsPerMetre, 4);
    expect(moved).toBeGreaterThan(0.1);
  });

  test("puts east at the top when the map is turned to the east", () => {
    const screen = screenAt({ bearing: 90 });
    const x = mercatorX(8.5456) + 100 * unitsPerMetre(47.3977);
    expect(screen.toX(x, mercatorY(47.3977))).toBeCloseTo(640, 6);
    expect(screen.toY(x, mercatorY(47.3977))).toBeLessThan(390);
  });

  test("finds the place under a pixel again", () => {
    const screen = screenAt({ bearing: -37, zoom: 13.3 });
    const { x, y } = screen.fromScreen(123, 456);
    expect(screen.toX(x, y)).toBeCloseTo(123, 6);
    expect(screen.toY(x, y)).toBeCloseTo(456, 6);
  });

  test("shows a drone beyond the antimeridian next to it, not on the other side of the world", () => {
    const screen = screenAt({ lon: 179.999, lat: 0 });
    const at = screen.toX(mercatorX(-179.999), mercatorY(0));
    expect(at).toBeGreaterThan(640);
    expect(at).toBeLessThan(1000);
  });
});

test("Mercator and back is the same place", () => {
  expect(longitude(mercatorX(-123.456))).toBeCloseTo(-123.456, 9);
  expect(latitude(mercatorY(64.1234567))).toBeCloseTo(64.1234567, 9);
});
