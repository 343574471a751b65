import { defineConfig } from "nitro";

export default defineConfig({
  serverDir: "./server",
  compatibilityDate: "2026-09-03",
  preset: "node_middleware",
});
