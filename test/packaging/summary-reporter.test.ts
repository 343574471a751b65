import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The last lines that vitest prints over these test files. */
function summaryOf(files: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "sessionup-summary-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const config = `
      import { SummaryReporter } from ${JSON.stringify(join(root, "scripts/summary-reporter.ts"))};
      export default { test: { include: ["*.test.js"], reporters: ["dot", new SummaryReporter()] } };
    `;
    writeFileSync(join(folder, "vitest.config.js"), config);
    for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
    const { stdout } = spawnSync(join(root, "node_modules/.bin/vitest"), ["run"], {
      cwd: folder,
      encoding: "utf8",
    });
    const lines = stdout.trimEnd().split("\n");
    return lines.filter(
      (line) => /^skipped: |^ran: |^failed: |^\d+ passed/.test(line) || line === lines.at(-1),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the summary of a run", () => {
  it("counts what passed, failed and was skipped, and names the skipped and the failed", () => {
    const lines = summaryOf({
      "a.test.js": `
        import { describe, expect, it } from "vitest";
        describe("a", () => {
          it("passes", () => {});
          it("passes too", () => {});
          it("fails", () => expect(1).toBe(2));
          it.skip("is skipped: there is no moon", () => {});
          it("finds out", ({ skip }) => skip("it rains"));
        });
        it.todo("will be");
      `,
    });
    expect(lines).toEqual([
      "skipped: a.test.js > a > is skipped: there is no moon",
      "skipped: a.test.js > a > finds out (it rains)",
      "skipped: a.test.js > will be",
      "failed: a.test.js > a > fails: expected 1 to be 2 // Object.is equality",
      "2 passed, 1 failed, 3 skipped",
    ]);
  });

  it("counts what breaks outside of any test as failed", () => {
    const lines = summaryOf({
      "file.test.js": 'import "./not-there.js";',
      "hook.test.js": `
        import { beforeAll, describe, it } from "vitest";
        describe("a", () => {
          beforeAll(() => { throw new Error("no"); });
          it("never runs", () => {});
        });
      `,
      "later.test.js": `
        import { it } from "vitest";
        it("passes", () => void Promise.reject(new Error("nobody listens")));
      `,
    });
    expect(lines.filter((line) => line.startsWith("failed: ")).toSorted()).toEqual([
      expect.stringMatching(/^failed: file\.test\.js: .*not-there\.js/),
      "failed: hook.test.js > a: no",
      "failed: outside of any test: nobody listens",
    ]);
    expect(lines.at(-1)).toBe("1 passed, 3 failed, 1 skipped");
  });

  it("says why something failed in one line, however long the reason is", () => {
    const lines = summaryOf({
      "a.test.js": `
        import { it } from "vitest";
        it("fails", () => { throw new Error("one\\n  two" + "!".repeat(1000)); });
        it("throws a string", () => { throw "three"; });
      `,
    });
    expect(lines).toEqual([
      `failed: a.test.js > fails: one two${"!".repeat(293)}...`,
      "failed: a.test.js > throws a string: three",
      "0 passed, 2 failed, 0 skipped",
    ]);
  });

  it("names each store with each client that ran, and counts what has passed", () => {
    const lines = summaryOf({
      "a.test.js": `
        import { beforeEach, describe, it } from "vitest";
        describe("redis × ioredis", () => {
          beforeEach(({ task }) => { task.meta.version = "Redis 7.0.15"; });
          it("passes", () => {});
          describe("more", () => {
            it("passes too", () => {});
            it.skip("is skipped", () => {});
          });
        });
        describe("engines", () => {
          describe("my-sql2 × node:sqlite, Node 24", () => it("passes", () => {}));
        });
        describe("outages of redis × ioredis", () => it("passes", () => {}));
        describe("2 × 2", () => it("passes", () => {}));
      `,
    });
    expect(lines).toEqual([
      "skipped: a.test.js > redis × ioredis > more > is skipped",
      "ran: redis × ioredis, Redis 7.0.15 (2 tests)",
      "ran: my-sql2 × node:sqlite, Node 24 (1 test)",
      "5 passed, 0 failed, 1 skipped",
    ]);
  });

  it("names no store of which anything has failed, or nothing has run", () => {
    const lines = summaryOf({
      "a.test.js": `
        import { afterAll, beforeAll, describe, expect, it } from "vitest";
        describe("one × fails", () => {
          it("passes", () => {});
          describe("more", () => it("fails", () => expect(1).toBe(2)));
        });
        describe("two × hook", () => {
          it("passes", () => {});
          describe("more", () => {
            afterAll(() => { throw new Error("no"); });
            it("passes too", () => {});
          });
        });
        describe("three × start", () => {
          beforeAll(() => { throw new Error("no server"); });
          it("never runs", () => {});
        });
        describe("four × skipped", () => it.skip("is skipped", () => {}));
        describe("five × well", () => it("passes", () => {}));
      `,
    });
    expect(lines.filter((line) => line.startsWith("ran: "))).toEqual(["ran: five × well (1 test)"]);
  });
});
