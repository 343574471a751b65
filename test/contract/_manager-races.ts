import assert from "node:assert/strict";
import { Manager, SessionError, type Store, typed } from "sessionup";
import { it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { atOnce, inWaves } from "./_at-once.ts";
import { newMark } from "./arbitraries.ts";

const MINUTE = 60_000;

/** A device of the user's: a browser, and one of the app's processes that it talks to. */
interface Device {
  readonly browser: Browser;
  readonly site: Site;
}

/** One of the app's processes. */
type Site = ReturnType<typeof siteOver>;

function siteOver(store: Store, clock: () => number) {
  const manager = new Manager(store, { meta: typed<{ changes: number }>(), clock });
  return { manager, sessions: testSessions(manager) };
}

/** The same, as users do it: revoking everything beside whatever their other devices are about. */
export function managerRaces(stores: () => readonly Store[], rounds: number): void {
  it(`revokeAll beside init, auth, rotate and updateMeta: who was in is out for good, ${rounds} times`, async () => {
    const seen = { early: 0, late: 0 };
    await inWaves(rounds, (number) => revokeAll(stores(), number, seen));
    // A race that one side always wins is none.
    assert.ok(seen.early > 0 && seen.late > 0, JSON.stringify(seen));
  }, 120_000);
}

async function revokeAll(
  stores: readonly Store[],
  number: number,
  seen: { early: number; late: number },
): Promise<void> {
  let now = Date.UTC(2026, 0, 1, 12);
  const sites = stores.map((store) => siteOver(store, () => now));
  const siteOf = (index: number): Site => sites[(number + index) % sites.length] ?? assert.fail();
  const user = newMark();
  const login = async (device: Device) => {
    const meta = { changes: 0 };
    return device.browser.visit((request) => device.site.sessions.init(request, user, { meta }));
  };
  const devices = Array.from({ length: 4 }, (_, index) => ({ browser: new Browser(), site: siteOf(index) }));
  const before = await Promise.all(devices.map(async (device) => (await login(device)).id));
  // Activity is due.
  now += MINUTE;
  const former = devices.map(({ browser, site }) => ({ browser: copyOf(browser), site }));

  const newcomer = { browser: new Browser(), site: siteOf(4) };
  let begun = "";
  let ended: readonly string[] = [];
  /** What the others were about was done before they were out, or was not. */
  const count = (done: boolean) => void seen[done ? "early" : "late"]++;
  const act = (index: number, run: (device: Device) => Promise<void>) => () =>
    run(devices[index] ?? assert.fail());
  const tasks = [
    act(0, async ({ browser, site }) => {
      ended = await browser.visit((request) => site.sessions.revokeAll(request));
    }),
    act(1, async ({ browser, site }) => {
      count((await browser.visit((request) => site.sessions.authorize(request))) === undefined);
    }),
    act(2, async ({ browser, site }) => {
      const old = browser.jar.get(COOKIE);
      await unlessOut(browser.visit((request) => site.sessions.rotate(request)));
      const now = browser.jar.get(COOKIE);
      count(now !== undefined && now !== old);
    }),
    act(3, async ({ browser, site }) => {
      const update = browser.visit((request) =>
        site.sessions.updateMeta(request, ({ changes }) => ({ changes: changes + 1 })),
      );
      count((await unlessOut(update)) !== undefined);
    }),
    async () => {
      begun = (await login(newcomer)).id;
    },
  ];
  await atOnce(number, tasks);

  for (const id of before) assert.ok(ended.includes(id), "revokeAll missed one");
  for (const { browser, site } of [...devices, ...former]) {
    const reason = await site.sessions.authorize(browser.request());
    assert.ok(reason === "unknown" || reason === "no_cookie", `a device is in: ${reason}`);
  }
  const live = await siteOf(1).manager.fetchByUserKey(user);
  assert.deepEqual([...ended, ...live.map(({ id }) => id)].sort(), [...before, begun].sort());
  const refused = await newcomer.site.sessions.authorize(newcomer.browser.request());
  assert.equal(refused, live.length > 0 ? undefined : "unknown");
  await siteOf(2).manager.revokeByUserKey(user);
}

const COOKIE = "__Host-sessionup";

/** That nobody is logged in any more is the one way to fail. */
async function unlessOut<Answer>(verb: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await verb;
  } catch (error) {
    if (!SessionError.is(error) || error.code !== "ERR_UNAUTHORIZED") throw error;
    return undefined;
  }
}

function copyOf({ jar }: Browser): Browser {
  const copy = new Browser();
  for (const [name, value] of jar) copy.jar.set(name, value);
  return copy;
}
