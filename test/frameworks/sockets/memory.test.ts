import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Manager } from "sessionup";
import { liveSessions } from "sessionup/live";
import { memoryStore } from "sessionup/stores/memory";
import { expect, it } from "vitest";
import { TestRequest, testSessions } from "../../support/browser.ts";

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 5; round++) {
    await sleep(20);
    collect();
  }
}

it("a signal stays until its session ends, even if only its listener is left, and no longer", async () => {
  const manager = new Manager(memoryStore(), { live: liveSessions() });
  const sessions = testSessions(manager);
  const aborted: string[] = [];
  const signIn = async (user: string) => {
    const { signal } = await sessions.init(new TestRequest(), user);
    signal.addEventListener("abort", () => aborted.push(user));
    return new WeakRef(signal);
  };
  const signals = await Promise.all(Array.from({ length: 50 }, (_, index) => signIn(`user-${index}`)));
  const left = () => signals.filter((signal) => signal.deref()).length;
  await collectGarbage();
  expect(left()).toBe(50);
  for (let index = 0; index < 50; index++) await manager.revokeByUserKey(`user-${index}`);
  expect(aborted).toHaveLength(50);
  await collectGarbage();
  // The engine may still reference the last few.
  expect(left()).toBeLessThan(5);
  await manager.close();
});
