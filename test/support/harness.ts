import { Manager, type ManagerOptions, type Session, type SessionEvents } from "sessionup";
import { TestClock } from "sessionup/testing";
import { type Browser, testSessions } from "./browser.ts";
import { GatedStore } from "./gated-store.ts";

const EVENTS = ["created", "ended", "rotated", "rejected", "client_changed", "error"] as const;

/** Creates a manager over a store with gates, with a clock that the test moves, and the methods over in-memory requests. */
export function createHarness(options: ManagerOptions = {}, store = new GatedStore()) {
  const clock = new TestClock();
  const manager = new Manager(store, { clock: clock.now, ...options });
  const sessions = testSessions(manager);
  /** Returns an array that each later event of that name is added to. */
  function record<Name extends keyof SessionEvents>(name: Name): Readonly<SessionEvents[Name]>[] {
    const recorded: Readonly<SessionEvents[Name]>[] = [];
    manager.events.on(name, (event) => recorded.push(event));
    return recorded;
  }
  const events: [keyof SessionEvents, object][] = [];
  for (const name of EVENTS) manager.events.on(name, (event) => events.push([name, event]));
  return {
    clock,
    store,
    manager,
    sessions,
    /** All events so far, by their names. */
    events,
    record,
    /** Logs a user in with a browser. */
    login: (browser: Browser, userKey = "ann"): Promise<Session> =>
      browser.visit((request) => sessions.init(request, userKey)),
    /** Returns why a request of the browser is rejected; `undefined` if it is authenticated. */
    reason: (browser: Browser): Promise<string | undefined> => browser.visit(sessions.authorize),
  };
}
