import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs vitest with these test files and returns the lines of the summary. */
function summarize(files: Readonly<Record<string, string>>): readonly string[] {
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

describe("SummaryReporter", () => {
  it("the summary counts passed, failed and skipped tests and lists the skipped and failed ones", () => {
    const lines = summarize({
      "a.test.js": `
        import { describe, expect, it } from "vitest";
        describe("a", () => {
          it("passes", () => {});
          it("passes too", () => {});
          it("fails", () => expect(1).toBe(2));
          it.skip("is skipped: no server", () => {});
          it("skips itself", ({ skip }) => skip("no network"));
        });
        it.todo("is planned");
      `,
    });
    expect(lines).toEqual([
      "skipped: a.test.js > a > is skipped: no server",
      "skipped: a.test.js > a > skips itself (no network)",
      "skipped: a.test.js > is planned",
      "failed: a.test.js > a > fails: expected 1 to be 2 // Object.is equality",
      "2 passed, 1 failed, 3 skipped",
    ]);
  });

  it("the summary counts errors outside of tests as failed", () => {
    const lines = summarize({
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
        it("passes", () => void Promise.reject(new Error("no handler")));
      `,
    });
    expect(lines.filter((line) => line.startsWith("failed: ")).toSorted()).toEqual([
      expect.stringMatching(/^failed: file\.test\.js: .*not-there\.js/),
      "failed: hook.test.js > a: no",
      "failed: outside of any test: no handler",
    ]);
    expect(lines.at(-1)).toBe("1 passed, 3 failed, 1 skipped");
  });

  it("the summary shortens the reason of a failure to one line", () => {
    const lines = summarize({
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

  it("the summary lists each store and client that ran, with the number of passed tests", () => {
    const lines = summarize({
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

  it("the summary lists no store with a failed test or without any run test", () => {
    const lines = summarize({
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
