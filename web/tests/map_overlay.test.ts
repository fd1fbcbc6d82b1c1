// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Overlay } from "../src/map/draw/overlay";

/** Answers every call of WebGL with something that the next call may use. */
const gl = new Proxy({}, { get: (_, name) => (name === "getExtension" ? () => null : () => 1) });

let cleared = 0;
const text = {
  setTransform: () => undefined,
  clearRect: () => {
    cleared += 1;
  },
};

beforeEach(() => {
  cleared = 0;
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(
    (kind: string, options?: unknown) => {
      if (kind === "webgl2") return gl as never;
      // The atlas asks with options, and goes without.
      return (options === undefined ? text : null) as never;
    },
  );
});

afterEach(() => {
  vi.restoreAllMocks();
});

function overlay() {
  const container = document.createElement("div");
  const told: string[] = [];
  const made = new Overlay(container, {
    lost: () => told.push("lost"),
    restored: () => told.push("restored"),
  });
  const canvas = container.querySelector("canvas") as HTMLCanvasElement;
  return { made, canvas, told };
}

test("a map that lost its graphics leaves no names behind, and says so", () => {
  const { made, canvas, told } = overlay();
  const event = new Event("webglcontextlost", { cancelable: true });
  canvas.dispatchEvent(event);
  expect(cleared).toBe(1);
  expect(told).toEqual(["lost"]);
  expect(event.defaultPrevented).toBe(true);
  let drawn = 0;
  made.draw(() => {
    drawn += 1;
  });
  expect(drawn).toBe(0);
  expect(cleared).toBe(2);
});

test("a map that got its graphics back draws again", () => {
  const { made, canvas, told } = overlay();
  canvas.dispatchEvent(new Event("webglcontextlost", { cancelable: true }));
  canvas.dispatchEvent(new Event("webglcontextrestored"));
  expect(told).toEqual(["lost", "restored"]);
  let drawn = 0;
  made.draw(() => {
    drawn += 1;
  });
  expect(drawn).toBe(1);
});

test("a map that was taken off the page says nothing any more", () => {
  const { made, canvas, told } = overlay();
  made.remove();
  canvas.dispatchEvent(new Event("webglcontextlost", { cancelable: true }));
  expect(told).toEqual([]);
});
