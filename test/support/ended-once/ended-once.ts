import { randomUUID } from "node:crypto";
import type { SessionEvents } from "sessionup";
import { afterAll, beforeAll, expect, it } from "vitest";
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
  /** The title of the tests that run the crashes of a process. Default: they run here. */
  readonly crashesRunOn?: string;
}

/** The number of sessions of each test. */
const SESSIONS = 60;
const HOUR = 3_600_000;

/** The times of one test. Each begins after the previous one, because processes serve several tests. */
interface Times {
  readonly begin: number;
  /** The deadlines of all sessions have passed. */
  readonly later: number;
  /** The claims of a process that died at `later` have run out. */
  readonly retried: number;
}

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
  crashesRunOn,
}: EndedOnceOptions): void {
  const running: SessionProcess[] = [];
  const start = async () => {
    const started = await SessionProcess.start(program, args(), stores);
    running.push(started);
    return started;
  };
  // A process takes longer to start than a test, so the tests share those that they do not kill.
  let all: readonly [SessionProcess, ...SessionProcess[]];
  beforeAll(async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: processes }, start));
    all = [first ?? expect.fail("processes must be at least 1"), ...others];
  });
  afterAll(async () => {
    for (const each of running) await each.kill();
  });

  let tests = 0;
  const nextTimes = (): Times => {
    const begin = NOW + 4 * HOUR * tests++;
    return { begin, later: begin + 2 * HOUR, retried: begin + 2 * HOUR + 60_001 };
  };

  it("reports each expired session in one process, although all clean up at the same time", async () => {
    const { begin, later, retried } = nextTimes();
    const logins = await all[0].ask("logIn", randomUUID(), SESSIONS, begin);
    await Promise.all(all.map((each) => each.ask("cleanUp", later)));
    const events = all.flatMap((each) => readEvents(each, logins));
    expect(events.sort(byId)).toEqual(logins.map(toEvent).sort(byId));
    await expectGone(all[0], logins);
    // No process reports a session again when the claims run out.
    await all[0].ask("cleanUp", retried);
    expect(all.flatMap((each) => readEvents(each, logins))).toHaveLength(SESSIONS);
  });

  it("reports each session once when its client returns while all processes clean up", async () => {
    for (let round = 0; round < 2; round++) {
      const { begin, later, retried } = nextTimes();
      const site = all.at(-1) ?? all[0];
      const logins = await site.ask("logIn", randomUUID(), SESSIONS, begin);
      const cookies = logins.map(({ cookie }) => cookie);
      // Both sides certainly end some: the first client is early, and so is one batch of the cleanup.
      const early = await site.ask("visit", cookies.slice(0, 1), later);
      await all[0].ask("cleanUp", later, 1);
      // Each client returns to two processes, which read its session before either of them has ended it.
      const [late, again] = await Promise.all([
        site.ask("visit", cookies.toReversed(), later),
        all[0].ask("visit", cookies, later),
        ...all.map((each) => each.ask("cleanUp", later)),
      ]);
      expect(new Set([...early, ...late, ...again])).toEqual(new Set([401]));
      await all[0].ask("cleanUp", retried);
      const events = all.flatMap((each) => readEvents(each, logins));
      expect(events.map(({ id }) => id).sort()).toEqual(logins.map(({ id }) => id).sort());
      expectEvents(events, logins, later);
      await expectGone(all[0], logins);
    }
  });

  if (!persists) return;

  /** Kills a process during its cleanup, after this number of reports. Returns its sessions, and a process that lives. */
  async function crash(reports: number) {
    const times = nextTimes();
    // Where only one process at a time may open the database, the previous one gives it up.
    const isAlone = processes === 1;
    if (isAlone) for (const each of running.splice(0)) await each.kill();
    const killed = await start();
    const logins = await killed.ask("logIn", randomUUID(), SESSIONS, times.begin);
    await killed.ask("dieAfter", reports);
    await expect(killed.ask("cleanUp", times.later)).rejects.toThrow("SIGKILL");
    const before = readEvents(killed, logins);
    expect(before).toHaveLength(reports);
    return { ...times, logins, before, other: isAlone ? await start() : all[0] };
  }

  it("reports each session of users who were erased once, without the user key after the erasure", async () => {
    const { logins, later, retried, other } = await crash(0);
    const users = new Set(logins.map(({ userKey }) => userKey));
    await other.ask("erase", [...users], later);
    const before = readEvents(other, logins);
    expect(new Set(before.map(({ reason }) => reason))).toEqual(new Set(["revoked"]));
    await other.ask("cleanUp", retried);
    const after = readEvents(other, logins).slice(before.length);
    const toNameless = ({ userKey: _, ...event }: Reported) => event;
    const reported = new Set(before.map(({ id }) => id));
    const left = logins.filter(({ id }) => !reported.has(id));
    expect(left, "the process that was killed had taken no session").not.toEqual([]);
    expect(after.sort(byId)).toEqual(left.map((login) => toNameless(toEvent(login))).sort(byId));
  });

  if (crashesRunOn !== undefined) {
    it.skip(`reports every session of a process that was killed (skipped: this runs on ${crashesRunOn})`);
    return;
  }

  it.each([0, 3, 10])(
    "reports every session of a process that was killed during its cleanup, after %i reports",
    async (reports) => {
      const { logins, before, later, retried, other } = await crash(reports);
      await other.ask("cleanUp", later);
      const cookies = logins.filter((_, index) => index % 3 === 0).map(({ cookie }) => cookie);
      const statuses = await other.ask("visit", cookies, later);
      expect(new Set(statuses)).toEqual(new Set([401]));
      await other.ask("cleanUp", retried);
      const after = readEvents(other, logins);
      const ids = (events: readonly Reported[]) => new Set(events.map(({ id }) => id));
      expect(after, "a session was reported twice by the living process").toHaveLength(ids(after).size);
      expect(ids([...before, ...after]), "a session was lost").toEqual(new Set(logins.map(({ id }) => id)));
      expectEvents([...before, ...after], logins, later);
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
function expectEvents(events: readonly Reported[], logins: readonly Login[], later: number): void {
  for (const event of events) {
    const expected = logins.filter(({ id }) => id === event.id).map(toEvent);
    const returned = expected.map((each) => ({ ...each, at: later }));
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
