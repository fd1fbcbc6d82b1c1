import { expect, test } from "vitest";
import { Insets } from "../src/state/insets";

test("what panels cover is joined, edge by edge, and told only when it changes", () => {
  const insets = new Insets();
  let told = 0;
  insets.subscribe(() => {
    told += 1;
  });
  insets.cover("list", { left: 288 });
  insets.cover("panel", { bottom: 400 });
  insets.cover("messages", { bottom: 176 });
  expect(insets.edges).toEqual({ top: 0, right: 0, bottom: 400, left: 288 });
  expect(told).toBe(2);

  insets.uncover("panel");
  expect(insets.edges.bottom).toBe(176);
  insets.uncover("messages");
  insets.cover("list", {});
  expect(insets.edges).toEqual({ top: 0, right: 0, bottom: 0, left: 0 });
});
