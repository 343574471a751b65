import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

export default defineConfig({
  logLevel: "warn",
  plugins: [
    sveltekit({
      adapter: adapter({ precompress: false, out: "node_modules/.build" }),
      // SvelteKit's own CSRF check would reject requests before our hook runs.
      csrf: { trustedOrigins: ["*"] },
    }),
  ],
});
