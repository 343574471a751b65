import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { RECIPES } from "./packages.ts";

const PAGES = `${ROOT}docs/recipes/`;
const text = readFileSync(`${PAGES}orms.md`, "utf8");
const included = [...text.matchAll(/^<<< (\S+)/gm)].map(([, path = ""]) => resolve(PAGES, path));

/** Stands for the reader's own code. */
const NOT_SHOWN = ["check-password.ts"];

describe("docs/recipes/orms.md", () => {
  it("the page includes only files that exist", () => {
    expect(included.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("the page shows all code that the tests run", () => {
    const files = readdirSync(`${RECIPES}orms`, { recursive: true, encoding: "utf8" }).filter(
      (name) => /\.(ts|prisma)$/.test(name) && !name.includes("generated") && !NOT_SHOWN.includes(name),
    );
    expect(files.filter((name) => !included.includes(`${RECIPES}orms/${name}`))).toEqual([]);
  });
});
