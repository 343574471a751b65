import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { pathToFileURL } from "node:url";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

/** The imports that the compiler does not check: bench/ measures some internals of the package. */
const imports = readdirSync(`${ROOT}bench`, { recursive: true, encoding: "utf8" })
  .map((path) => `bench/${path.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".mjs") && !file.includes("node_modules"))
  .flatMap((file) => {
    const { module } = parseSync(file, readFileSync(ROOT + file, "utf8"), { sourceType: "module" });
    return module.staticImports.flatMap(({ moduleRequest, entries }) => {
      const to = posix.join(posix.dirname(file), moduleRequest.value);
      if (!moduleRequest.value.startsWith(".") || !to.startsWith("dist/")) return [];
      const source = to.replace("dist/", "src/").replace(/\.js$/, ".ts");
      return entries.map(({ importName }) => [file, importName.name ?? "default", source] as const);
    });
  });

describe("imports of the benchmark", () => {
  it.each(imports)("%s imports %s, which %s exports", async (_file, name, source) => {
    const module: object = await import(pathToFileURL(ROOT + source).href);
    expect(Object.keys(module)).toContain(name);
  });
});
