import { randomUUID } from "node:crypto";
import type { SessionEvents } from "sessionup";
import { afterEach, expect, it } from "vitest";
import { NOW } from "../record.ts";
import type { Login } from "./child.ts";
import { SessionProcess } from "./session-process.ts";

/** How a store's test starts processes that share one database. */
export interface EndedOnceOptions {
  /** The path of a program that calls `serveEndedOnce`. */
  readonly program: string;
  /** Returns the program's arguments, such as the address of the test's database. Default: none. */
  readonly args?: () => readonly string[];
  /** The number of processes at the same time. Default: 3. */
  readonly processes?: number;
  /** The number of stores in each process, each with its own manager. Default: 1. */
  readonly stores?: number;
  /** Whether sessions outlive the process. Default: true. */
  readonly persists?: boolean;
}

/** The deadlines of all sessions of the tests have passed. */
const LATER: number = NOW + 2 * 3_600_000;
/** The claims of a process that died at `LATER` have run out. */
const RETRIED: number = LATER + 60_001;
const SESSIONS = 60;

/**
 * Tests that each session that expires causes one `ended` event, although several processes clean up, a process crashes and
 * clients return.
 */
export function testEndedOnce({
  program,
  args = () => [],
  processes = 3,
  stores = 1,
  persists = true,
}: EndedOnceOptions): void {
  const running: SessionProcess[] = [];
  const start = async (count: number) => {
    const started = await Promise.all(
      Array.from({ length: count }, () => SessionProcess.start(program, args(), stores)),
    );
    running.push(...started);
    return started as [SessionProcess, ...SessionProcess[]];
  };
  afterEach(async () => {
    for (const each of running.splice(0)) await each.kill();
  });

  it("reports each expired session in one process, although all clean up at the same time", async () => {
    const all = await start(processes);
    const logins = await all[0].ask("logIn", randomUUID(), SESSIONS);
    await Promise.all(all.map((each) => each.ask("cleanUp", LATER)));
    const events = all.flatMap((each) => readEvents(each, logins));
    expect(events.sort(byId)).toEqual(logins.map(toEvent).sort(byId));
    await expectGone(all[0], logins);
    // No process reports a session again when the claims run out.
    await all[0].ask("cleanUp", RETRIED);
    expect(all.flatMap((each) => readEvents(each, logins))).toHaveLength(SESSIONS);
  });

  it("reports each session once when its client returns while all processes clean up", async () => {
    for (let round = 0; round < 4; round++) {
      const all = await start(processes);
      const site = all.at(-1) ?? all[0];
      const logins = await site.ask("logIn", randomUUID(), SESSIONS);
      const cookies = logins.map(({ cookie }) => cookie);
      // Both sides certainly end some: the first client is early, and so is one batch of the cleanup.
      const early = await site.ask("visit", cookies.slice(0, 1), LATER);
      await all[0].ask("cleanUp", LATER, 1);
      const [late] = await Promise.all([
        site.ask("visit", cookies.toReversed(), LATER),
        ...all.map((each) => each.ask("cleanUp", LATER)),
      ]);
      expect(new Set([...early, ...late])).toEqual(new Set([401]));
      await all[0].ask("cleanUp", RETRIED);
      const events = all.flatMap((each) => readEvents(each, logins));
      expect(events.map(({ id }) => id).sort()).toEqual(logins.map(({ id }) => id).sort());
      expectEvents(events, logins);
      await expectGone(all[0], logins);
      for (const each of running.splice(0)) await each.kill();
    }
  });

  if (!persists) return;

  it.each([0, 3, 10])(
    "reports every session of a process that was killed during its cleanup, after %i reports",
    async (reports) => {
      const [killed] = await start(1);
      const logins = await killed.ask("logIn", randomUUID(), SESSIONS);
      await killed.ask("dieAfter", reports);
      await expect(killed.ask("cleanUp", LATER)).rejects.toThrow("SIGKILL");
      const before = readEvents(killed, logins);
      expect(before).toHaveLength(reports);

      const [other] = await start(1);
      await other.ask("cleanUp", LATER);
      const cookies = logins.filter((_, index) => index % 3 === 0).map(({ cookie }) => cookie);
      const statuses = await other.ask("visit", cookies, LATER);
      expect(new Set(statuses)).toEqual(new Set([401]));
      await other.ask("cleanUp", RETRIED);
      const after = readEvents(other, logins);
      const ids = (events: readonly Reported[]) => new Set(events.map(({ id }) => id));
      expect(after, "a session was reported twice by the living process").toHaveLength(ids(after).size);
      expect(ids([...before, ...after]), "a session was lost").toEqual(new Set(logins.map(({ id }) => id)));
      expectEvents([...before, ...after], logins);
      await expectGone(other, logins);
    },
  );
}

/** An `ended` event of one session. */
type Reported = Omit<SessionEvents["ended"], "ids"> & { readonly id: string };

function toEvent({ id, userKey, reason, endsAt: at }: Login): Reported {
  return { id, userKey, reason, at, by: { kind: "policy" } };
}

/** Expects that each event is the one of the cleanup, or the one of a client that returned. */
function expectEvents(events: readonly Reported[], logins: readonly Login[]): void {
  for (const event of events) {
    const expected = logins.filter(({ id }) => id === event.id).map(toEvent);
    const returned = expected.map((each) => ({ ...each, at: LATER }));
    expect([...expected, ...returned]).toContainEqual(event);
  }
}

/** Returns the process's events of these sessions: other tests may use the same database. */
function readEvents({ ended }: SessionProcess, logins: readonly Login[]): Reported[] {
  const own = new Set(logins.map(({ id }) => id));
  return ended.flatMap(({ ids, ...event }) =>
    ids.filter((id) => own.has(id)).map((id) => ({ id, ...event })),
  );
}

async function expectGone(process: SessionProcess, logins: readonly Login[]): Promise<void> {
  const stored = await process.ask(
    "findStored",
    logins.map(({ id }) => id),
  );
  expect(stored, "records of reported sessions are still stored").toEqual([]);
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}
