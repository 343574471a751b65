import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { table } from "../report.mjs";
import { SUBPATHS } from "../subpaths.mjs";

/** @type {import("../section.d.ts").Section<Record<string, { minified: number, gzip: number }>>} */
export const bytes = {
  name: "bytes",
  async run() {
    const sizes = /** @type {Record<string, { minified: number, gzip: number }>} */ ({});
    for (const { name, url } of SUBPATHS) {
      const { outputFiles } = await build({
        entryPoints: [fileURLToPath(url)],
        bundle: true,
        minify: true,
        platform: "node",
        format: "esm",
        target: "node20",
        write: false,
        outdir: "out",
        logLevel: "error",
        // An app has its framework anyway, and native libraries cannot be bundled.
        external: ["@nestjs/*", "rxjs", "hono", "fastify", "express", "pg", "redis", "sodium-native"],
      });
      const [output] = outputFiles;
      if (!output || output.contents.length === 0) throw new Error(`The bundle of ${name} is empty`);
      sizes[name] = { minified: output.contents.length, gzip: gzipSync(output.contents).length };
    }
    return sizes;
  },
  text: (sizes) =>
    [
      "## Bytes: bundled and minified, with all dependencies except the framework",
      table(
        ["", "minified", "gzip"],
        Object.entries(sizes).map(([name, { minified, gzip }]) => [
          name,
          minified.toLocaleString("en"),
          gzip.toLocaleString("en"),
        ]),
      ),
    ].join("\n\n"),
};
