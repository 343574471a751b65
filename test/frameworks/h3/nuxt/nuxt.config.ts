import { defineNuxtConfig } from "nuxt/config";

export default defineNuxtConfig({
  compatibilityDate: "2026-09-03",
  telemetry: false,
  devtools: { enabled: false },
  routeRules: { "/cached": { swr: 60 } },
});
