import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = fileURLToPath(new URL("src", import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^sessionup$/, replacement: `${src}/index.ts` },
      { find: /^sessionup\/testing$/, replacement: `${src}/testing/index.ts` },
      { find: /^sessionup\/stores\/(.+)$/, replacement: `${src}/stores/$1.ts` },
      { find: /^sessionup\/(.+)$/, replacement: `${src}/adapters/$1.ts` },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
  },
});
