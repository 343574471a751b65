import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { MIGRATE } from "./packages.ts";

const PAGES = `${ROOT}docs/migrate/`;
const included = readdirSync(PAGES)
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) => [...readFileSync(PAGES + name, "utf8").matchAll(/^<<< (\S+)/gm)])
  .map(([, path = ""]) => resolve(PAGES, path));

/** Files that stand for the reader's own code, and one that stands for an app in Go. */
const NOT_SHOWN = ["redis.ts", "postgres.ts", "read-json.ts", "send-email.ts", "go/before.ts"];

describe("docs/migrate/", () => {
  it("the pages include only files that exist", () => {
    expect(included.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("the pages show all code that the tests run", () => {
    const files = readdirSync(`${MIGRATE}apps`, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && !NOT_SHOWN.some((each) => name.endsWith(each)),
    );
    expect(files.filter((name) => !included.includes(`${MIGRATE}apps/${name}`))).toEqual([]);
  });
});
