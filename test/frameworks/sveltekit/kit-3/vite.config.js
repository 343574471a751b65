import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

export default defineConfig({
  logLevel: "warn",
  plugins: [
    sveltekit({
      adapter: adapter({ precompress: false, out: "node_modules/.build" }),
      // What SvelteKit refuses before any hook runs is none of ours to show.
      csrf: { trustedOrigins: ["*"] },
    }),
  ],
});
