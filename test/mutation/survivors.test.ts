import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FILES } from "./stryker.config.mjs";
import { diffOf, explainedIn, notIn } from "./survivors.ts";

const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");

const MUTANT = {
  getOriginalLines: () => "    if (a) {\n      b();\n    }\n",
  getMutatedLines: () => "    if (a) {}\n",
};

describe("the check of mutants that survive", () => {
  const document =
    "# T\n\n## a.ts\n\nWhy.\n\n```diff\n- if (a) {\n-   b();\n- }\n+ if (a) {}\n```\n\n## b.ts\n";

  it("knows one that is explained, however it is indented", () => {
    expect(explainedIn(document).get("a.ts")).toEqual([diffOf(MUTANT)]);
    expect(explainedIn(document).get("b.ts")).toEqual([]);
  });

  it("finds what is not explained, and what is once and survives twice", () => {
    expect(notIn([], ["x"])).toEqual(["x"]);
    expect(notIn(["x", "y"], ["x", "x"])).toEqual(["x"]);
    expect(notIn(["x", "x"], ["x", "x"])).toEqual([]);
    const other = { ...MUTANT, getMutatedLines: () => "    if (true) {\n      b();\n    }\n" };
    expect(notIn([diffOf(MUTANT)], [diffOf(other)])).toEqual([diffOf(other)]);
  });
});

describe("survivors.md", () => {
  const explained = explainedIn(read("survivors.md"));

  it("explains mutants of files that are mutated", () => {
    expect(FILES).toEqual(expect.arrayContaining([...explained.keys()]));
    expect([...explained.values()].flat().length).toBeGreaterThan(0);
  });

  it("is about lines that are there", () => {
    for (const [file, diffs] of explained) {
      const source = read(`../../${file}`).replace(/^[ \t]*/gm, "");
      for (const diff of diffs) {
        const lines = diff.split("\n").filter((line) => line.startsWith("- "));
        expect(source).toContain(lines.map((line) => line.slice(2)).join("\n"));
        expect(diff).toContain("\n+ ");
      }
    }
  });
});
