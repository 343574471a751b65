import { defineConfig } from "nitro";

export default defineConfig({
  serverDir: "./server",
  compatibilityDate: "2026-09-03",
  routeRules: { "/ruled": { swr: 60 }, "/private/ruled": { cache: { maxAge: 60 } } },
});
