// Imports use paths rather than the package's name, because a child process has no aliases.
import { auditLog } from "../../src/audit/audit.ts";
import { Manager } from "../../src/manager.ts";
import type { Store } from "../../src/store.ts";
import { Browser, testSessions } from "../support/browser.ts";

/** Logs users in and out until the process is killed, and prints each step that the store has answered. */
export async function logInAndOut(store: Store): Promise<void> {
  const manager = new Manager(store, { maxSessions: { max: 3, onExceed: "evict-oldest" } });
  auditLog(manager, { sealEvery: "1s", keys: ["k".repeat(32)] });
  const sessions = testSessions(manager);
  const run = async (user: string) => {
    for (;;) {
      const browser = new Browser();
      const { id } = await browser.visit((request) => sessions.init(request, user));
      process.stdout.write(`${JSON.stringify({ began: id })}\n`);
      // Another process may have evicted the session.
      await browser.visit((request) => sessions.reauthenticate(request)).catch(() => undefined);
      if (Math.random() < 0.5) {
        await browser.visit((request) => sessions.revoke(request)).catch(() => undefined);
        process.stdout.write(`${JSON.stringify({ ended: id })}\n`);
      }
    }
  };
  await Promise.all(["ann", "bob", "cid", "dan"].map(run));
}
