import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FILES } from "./stryker.config.mjs";
import { explainedIn, notIn, toDiff } from "./survivors.ts";

const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");

const MUTANT = {
  getOriginalLines: () => "    if (a) {\n      b();\n    }\n",
  getMutatedLines: () => "    if (a) {}\n",
};

describe("the check of surviving mutants", () => {
  const document =
    "# T\n\n## a.ts\n\nWhy.\n\n```diff\n- if (a) {\n-   b();\n- }\n+ if (a) {}\n```\n\n## b.ts\n";

  it("explainedIn finds an explained mutant regardless of its indentation", () => {
    expect(explainedIn(document).get("a.ts")).toEqual([toDiff(MUTANT)]);
    expect(explainedIn(document).get("b.ts")).toEqual([]);
  });

  it("notIn returns unexplained mutants and mutants that survive more often than they are explained", () => {
    expect(notIn([], ["x"])).toEqual(["x"]);
    expect(notIn(["x", "y"], ["x", "x"])).toEqual(["x"]);
    expect(notIn(["x", "x"], ["x", "x"])).toEqual([]);
    const other = { ...MUTANT, getMutatedLines: () => "    if (true) {\n      b();\n    }\n" };
    expect(notIn([toDiff(MUTANT)], [toDiff(other)])).toEqual([toDiff(other)]);
  });
});

describe("survivors.md", () => {
  const explained = explainedIn(read("survivors.md"));

  it("survivors.md explains only mutants of the mutated files", () => {
    expect(FILES).toEqual(expect.arrayContaining([...explained.keys()]));
    expect([...explained.values()].flat().length).toBeGreaterThan(0);
  });

  it("survivors.md quotes only lines that exist", () => {
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
