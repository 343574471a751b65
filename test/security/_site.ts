import { Manager, type ManagerOptions, type SessionEvents } from "sessionup";
import { TestClock } from "sessionup/testing";
import { type Browser, testSessions } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";

/** A manager with a clock to turn and a store with gates, the verbs over it, and what it tells of sessions that ended. */
export function siteWith(options: ManagerOptions = {}) {
  const clock = new TestClock();
  const store = new GatedStore();
  const manager = new Manager(store, { clock: clock.now, ...options });
  const ended: SessionEvents["ended"][] = [];
  manager.events.on("ended", (event) => ended.push(event));
  const sessions = testSessions(manager);
  const reason = (browser: Browser) => browser.visit((request) => sessions.authorize(request));
  return { clock, store, manager, sessions, ended, reason };
}
