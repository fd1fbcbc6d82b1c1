import { describe, expect, test } from "vitest";
import { cluster, clusterZoom, type Placed } from "../src/map/clusters";

function around(x: number, y: number, count: number, rank = 0): Placed[] {
  return Array.from({ length: count }, (_, index) => ({ x: x + index * 1e-9, y, rank }));
}

describe("clusters", () => {
  test("join drones that lie on top of each other and leave a single one alone", () => {
    const { clusters, single } = cluster([...around(0.5, 0.3, 20), ...around(0.6, 0.3, 1)], 5);
    expect(clusters.map((each) => each.members.length)).toEqual([20]);
    expect(single).toHaveLength(1);
  });

  test("lose nobody and count nobody twice", () => {
    const items = Array.from({ length: 3000 }, (_, index) => ({
      x: 0.5 + ((index * 7919) % 1000) * 1e-5,
      y: 0.3 + ((index * 104729) % 1000) * 1e-5,
      rank: 0,
    }));
    for (const zoom of [2, 7, 10, 13]) {
      const { clusters, single } = cluster(items, zoom);
      const all = [...single, ...clusters.flatMap((each) => each.members)];
      expect(new Set(all).size).toBe(3000);
      expect(all).toHaveLength(3000);
    }
  });

  test("wear the worst state of their members", () => {
    const items = [...around(0.5, 0.3, 9), ...around(0.5, 0.3, 1, 2)];
    expect(cluster(items, 4).clusters[0]?.worst).toBe(2);
  });

  test("hold together across the border of two squares", () => {
    const border = 0.5;
    const items = [...around(border - 1e-7, 0.3, 4), ...around(border + 1e-7, 0.3, 4)];
    expect(cluster(items, 4).clusters.map((each) => each.members.length)).toEqual([8]);
  });

  test("are no more once the map is close", () => {
    expect(cluster(around(0.5, 0.3, 50), 16).clusters).toEqual([]);
  });

  test("stay the same while the map is zoomed by less than half a step", () => {
    expect(clusterZoom(9.49)).toBe(clusterZoom(9.01));
    expect(clusterZoom(9.51)).not.toBe(clusterZoom(9.49));
  });
});
