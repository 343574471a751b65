import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../support/entries.ts";

const PAGES = `${ROOT}docs/guides/`;
/** Files that the guides leave out. */
const NOT_SHOWN = ["server.ts", "users.ts", "next-env.d.ts"];

describe.each([
  ["authjs", "authjs"],
  ["authjs", "authjs-next"],
  ["better-auth", "better-auth"],
  ["lucia", "arctic"],
])("docs/guides/%s.md", (page, example) => {
  const folder = `${ROOT}examples/${example}/`;
  const included = [...readFileSync(`${PAGES}${page}.md`, "utf8").matchAll(/^<<< (\S+)/gm)].map(
    ([, path = ""]) => resolve(PAGES, path),
  );

  it("includes only files that exist", () => {
    expect(included.filter((path) => !existsSync(path))).toEqual([]);
  });

  it(`shows all code of examples/${example} that the tests run`, () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !NOT_SHOWN.includes(name));
    expect(files.filter((name) => !included.includes(folder + name))).toEqual([]);
  });
});
