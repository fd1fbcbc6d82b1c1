import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const BRIDGE = process.env.BRIDGE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    // The bridge serves the page from here; it is packaged with it.
    outDir: "../cloud/src/aerostream_cloud/bridge/page_files",
    emptyOutDir: true,
    chunkSizeWarningLimit: 5000,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": BRIDGE,
      "/ws": { target: BRIDGE.replace("http", "ws"), ws: true },
    },
  },
  test: {
    environment: "node",
    include: ["tests/**/*.test.{ts,tsx}"],
    // On a machine that is busy with other tests everything takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
