import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

let repository: string;

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), "sessionup-prose-"));
  execFileSync("git", ["init", "--quiet"], { cwd: repository });
});

afterAll(() => rmSync(repository, { recursive: true, force: true }));

/** Lints a repository that contains one file. */
function lint(name: string, text: string): { readonly status: number | null; readonly stderr: string } {
  const file = join(repository, name);
  writeFileSync(file, text);
  const result = spawnSync(process.execPath, [`${ROOT}scripts/lint-prose.mjs`], {
    cwd: repository,
    encoding: "utf8",
  });
  rmSync(file);
  return { status: result.status, stderr: result.stderr };
}

describe("lint-prose", () => {
  const phrase = ["by", "and", "by"];

  it("lint-prose rejects a banned phrase in a comment, with its line", () => {
    const { status, stderr } = lint("a.ts", `const one = 1;\n// It grows ${phrase.join(" ")}.\n`);
    expect(status).toBe(1);
    expect(stderr).toContain(`a.ts:2 "${phrase.join(" ")}"`);
  });

  it("lint-prose rejects a banned phrase in a string, a template and Markdown", () => {
    expect(lint("a.ts", `const text = "${phrase.join(" ")}";`).status).toBe(1);
    expect(lint("a.ts", `const text = \`\${1} ${phrase.join(" ")}\`;`).status).toBe(1);
    expect(lint("a.md", phrase.join(" ")).status).toBe(1);
  });

  it("lint-prose rejects a banned phrase that continues on the next line of a comment", () => {
    expect(lint("a.ts", `/**\n * It grows ${phrase.join("\n * ")}.\n */\n`).status).toBe(1);
    expect(lint("a.ts", `// It grows ${phrase.join("\n// ")}.\n`).status).toBe(1);
  });

  it("lint-prose ignores identifiers", () => {
    expect(lint("a.ts", `const { ${"verb"}s } = core;\n// Plain English.\n`)).toEqual({
      status: 0,
      stderr: "",
    });
    expect(lint("a.ts", `// The ${"verb"}s of a request.\n`).status).toBe(1);
  });
});
