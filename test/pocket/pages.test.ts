import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { POCKET } from "./packages.ts";

const GUIDES = `${ROOT}docs/guides/`;
const page = readFileSync(`${GUIDES}data-before-login.md`, "utf8");
const included = [...page.matchAll(/^<<< (\S+)/gm)].map(([, path = ""]) => resolve(GUIDES, path));

describe("docs/guides/data-before-login.md", () => {
  it("the page includes only files that exist", () => {
    expect(included.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("the page shows all code that the tests run, except the app around it", () => {
    const files = readdirSync(`${POCKET}apps`, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && name !== "app.ts",
    );
    expect(files.filter((name) => !included.includes(`${POCKET}apps/${name}`))).toEqual([]);
  });
});
