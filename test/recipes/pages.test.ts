import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { RECIPES } from "./packages.ts";

const PAGES = `${ROOT}docs/recipes/`;
const text = ["orms.md", "hosting.md"].map((name) => readFileSync(PAGES + name, "utf8")).join("\n");
const included = [...text.matchAll(/^<<< (\S+)/gm)].map(([, path = ""]) => resolve(PAGES, path));

/** Stands for the reader's own code. */
const NOT_SHOWN = ["orms/check-password.ts"];

describe("docs/recipes/", () => {
  it("the pages include only files that exist", () => {
    expect(included.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("the pages show all code that the tests run", () => {
    const files = ["orms/", "hosting/"]
      .flatMap((folder) =>
        readdirSync(RECIPES + folder, { recursive: true, encoding: "utf8" }).map((name) => folder + name),
      )
      .filter(
        (name) => /\.(ts|prisma)$/.test(name) && !name.includes("generated") && !NOT_SHOWN.includes(name),
      );
    expect(files.filter((name) => !included.includes(RECIPES + name))).toEqual([]);
  });
});
