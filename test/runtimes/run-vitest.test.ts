import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../contract/programs.ts";
import { runToEnd, WITH_PROGRESS } from "./_run-vitest.ts";

const PARENT = join(ROOT, "node_modules/.cache");

let folder: string;
beforeAll(async () => {
  // Below node_modules, so that the imports of the files resolve.
  await mkdir(PARENT, { recursive: true });
  folder = await mkdtemp(join(PARENT, "sessionup-run-"));
});
afterAll(() => rm(folder, { recursive: true }));

function run(): Promise<string> {
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const config = join(folder, "vitest.config.mjs");
  return runToEnd(process.execPath, [vitest, "run", "--config", config, ...WITH_PROGRESS]);
}

it("a run of vitest that is killed names the files that had not ended", async () => {
  await writeFile(
    join(folder, "vitest.config.mjs"),
    `export default { root: ${JSON.stringify(folder)}, test: { include: ["*.test.mjs"], exclude: [], maxWorkers: 1 } };`,
  );
  await writeFile(join(folder, "passes.test.mjs"), 'import { it } from "vitest"; it("passes", () => {});');
  expect(await run()).toBe("");
  // The parent of the worker is the vitest that the limit would kill.
  await writeFile(join(folder, "hangs.test.mjs"), 'process.kill(process.ppid, "SIGKILL"); process.exit();');
  const files = /^ended with SIGKILL, while these files had not ended: (.*)$/m.exec(await run())?.[1];
  expect(files).toBe(join(folder, "hangs.test.mjs"));
});
