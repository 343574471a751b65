import { defineNitroConfig } from "nitropack/config";

export default defineNitroConfig({
  compatibilityDate: "2026-09-03",
  preset: "node-listener",
  imports: false,
});
