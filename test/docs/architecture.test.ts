import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

const PAGE = readFileSync(`${ROOT}docs/architecture.md`, "utf8").split("<details>", 1)[0] ?? "";

/** The rows of the walks: the files of each hop, and the functions that run in them. */
const HOPS = [...PAGE.matchAll(/^\| (\d+) \| ([^|]+) \| ([^|]+) \|/gm)].map(
  ([, hop, files = "", functions = ""]) => ({
    hop,
    files: [...files.matchAll(/`([^`]+\.ts)`/g)].map(([, file = ""]) => file),
    functions: [...functions.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name.split(".").at(-1) ?? ""),
  }),
);

describe("docs/architecture.md", () => {
  it("names only files that exist", () => {
    const files = [...PAGE.matchAll(/`((?:[a-z-]+\/)*[a-z-]+\.ts)`/g)].map(([, file = ""]) => file);
    const paths = (file: string) => [`${ROOT}src/${file}`, `${ROOT}${file}`];
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => !paths(file).some((path) => existsSync(path)))).toEqual([]);
  });

  it("walks through functions that the files of each hop contain", () => {
    expect(HOPS.length).toBeGreaterThan(25);
    for (const { hop, files, functions } of HOPS) {
      const source = files.map((file) => readFileSync(`${ROOT}src/${file}`, "utf8")).join("\n");
      for (const name of functions) expect(source, `hop ${hop}: ${name}`).toMatch(new RegExp(`${name}\\b`));
    }
  });
});
