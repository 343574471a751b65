import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ENTRIES, PACKAGE, ROOT } from "../support/entries.ts";
import { installEngines, program, unsupported } from "./packages.ts";

interface JsrConfig {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[] };
}

const CONFIG = JSON.parse(readFileSync(`${ROOT}jsr.json`, "utf8")) as JsrConfig;
const MISSING = unsupported("Deno");

describe("jsr.json", () => {
  it("has the version and the subpaths of package.json", () => {
    expect(CONFIG.version).toBe(PACKAGE.version);
    const exports = [...ENTRIES].map(([subpath, file]) => [subpath, `./src/${file}`]);
    expect(CONFIG.exports).toEqual(Object.fromEntries(exports));
  });

  describe.skipIf(MISSING)(MISSING ? `publishing (${MISSING})` : "publishing", () => {
    beforeAll(installEngines, 600_000);

    it("a dry run of deno publish succeeds", async () => {
      // Outside of the repository, whose package.json Deno would read instead.
      const folder = mkdtempSync(join(tmpdir(), "sessionup-jsr-"));
      for (const file of ["jsr.json", ...CONFIG.publish.include])
        cpSync(ROOT + file, join(folder, file), { recursive: true });
      const args = ["publish", "--dry-run", "--allow-dirty"];
      const { stderr } = await promisify(execFile)(program("Deno"), args, { cwd: folder });
      expect(stderr).toContain("Success");
      expect(stderr).not.toContain(".test.ts");
      rmSync(folder, { recursive: true });
    });
  });
});
