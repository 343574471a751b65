import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { toCommand } from "../programs.ts";
import { commute, createLogs, expectKept, untilSome } from "./traffic.ts";

const SITE = fileURLToPath(new URL("_crash-site.ts", import.meta.url));

/** Tests an embedded store whose process is killed while users sign in and out. */
export function crashSuite(store: string, pathIn: (folder: string) => string): void {
  describe(`a crash of ${store}`, () => {
    let folder: string;
    const children = new Set<ChildProcess>();
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), `sessionup-${store}-`));
    });
    afterAll(async () => {
      for (const child of children) child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    });

    const start = async () => {
      const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
      const [program, ...args] = await toCommand(SITE);
      const child = spawn(program, [...args, store, pathIn(folder)], { stdio });
      children.add(child);
      const [line] = await once(child.stdout, "data");
      return { origin: String(line).trim(), child };
    };

    it("loses no acknowledged login and no acknowledged logout when the process is killed", async () => {
      const { origin, child } = await start();
      const acknowledged = createLogs(4);
      const commuting = acknowledged.map((each) => untilItDies(commute(origin, () => false, each)));
      await untilSome(acknowledged);
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
      await Promise.all(commuting);
      const again = await start();
      for (const { begun, ended } of acknowledged) {
        const moved = (visitors: typeof begun) => visitors.map((visitor) => visitor.copy(again.origin));
        await expectKept([{ begun: moved(begun), ended: moved(ended) }]);
      }
    });
  });
}

/** Ignores the connection errors of the killed app, but not a wrong answer. */
async function untilItDies(commuting: Promise<unknown>): Promise<void> {
  await commuting.catch((error) => {
    if (error instanceof assert.AssertionError) throw error;
  });
}
