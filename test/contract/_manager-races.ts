import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Manager, SessionError, type Store, typed } from "sessionup";
import { it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { atOnce, inWaves } from "./_at-once.ts";
import { newMark } from "./arbitraries.ts";

const MINUTE = 60_000;

/** A user's device: a browser, and the app's process that serves it. */
interface Device {
  readonly browser: Browser;
  readonly site: Site;
}

/** One of the app's processes. */
type Site = ReturnType<typeof createSite>;

function createSite(store: Store, clock: () => number) {
  const manager = new Manager(store, { meta: typed<{ changes: number }>(), clock });
  return { manager, sessions: testSessions(manager) };
}

/** Tests revokeAll concurrent with requests of the user's other devices. */
export function managerRaces(stores: () => readonly Store[], rounds: number): void {
  it(`revokeAll concurrent with init, auth, rotate and updateMeta ends every earlier session for good, ${rounds} times`, async () => {
    const seen = { early: 0, late: 0 };
    await inWaves(rounds, (number) => revokeAll(stores(), number, seen, 0));
    // A race that one side always wins tests nothing, so the side that always loses gets a head start.
    for (let ms = 1; ms <= 64 && (seen.early === 0 || seen.late === 0); ms *= 2) {
      await inWaves(20, (number) => revokeAll(stores(), number, seen, seen.late === 0 ? ms : -ms));
    }
    assert.ok(seen.early > 0 && seen.late > 0, JSON.stringify(seen));
  }, 120_000);
}

async function revokeAll(
  stores: readonly Store[],
  number: number,
  seen: { early: number; late: number },
  /** The milliseconds by which revokeAll begins before the other requests, or after them if negative. */
  headStart: number,
): Promise<void> {
  let now = Date.UTC(2026, 0, 1, 12);
  const sites = stores.map((store) => createSite(store, () => now));
  const pickSite = (index: number): Site => sites[(number + index) % sites.length] ?? assert.fail();
  const user = newMark();
  const login = async (device: Device) => {
    const meta = { changes: 0 };
    return device.browser.visit((request) => device.site.sessions.init(request, user, { meta }));
  };
  const devices = Array.from({ length: 4 }, (_, index) => ({
    browser: new Browser(),
    site: pickSite(index),
  }));
  const before = await Promise.all(devices.map(async (device) => (await login(device)).id));
  // An activity write is due.
  now += MINUTE;
  const former = devices.map(({ browser, site }) => ({ browser: copyBrowser(browser), site }));

  const newcomer = { browser: new Browser(), site: pickSite(4) };
  let begun = "";
  let ended: readonly string[] = [];
  /** Counts whether a concurrent request was carried out before or after revokeAll. */
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
      await unlessUnauthorized(browser.visit((request) => site.sessions.rotate(request)));
      const now = browser.jar.get(COOKIE);
      count(now !== undefined && now !== old);
    }),
    act(3, async ({ browser, site }) => {
      const update = browser.visit((request) =>
        site.sessions.updateMeta(request, ({ changes }) => ({ changes: changes + 1 })),
      );
      count((await unlessUnauthorized(update)) !== undefined);
    }),
    async () => {
      begun = (await login(newcomer)).id;
    },
  ];
  const delayed = tasks.map((run, index) => async () => {
    const wait = index === 0 ? -headStart : headStart;
    if (wait > 0) await delay(wait);
    await run();
  });
  await atOnce(number, delayed);

  for (const id of before) assert.ok(ended.includes(id), "revokeAll missed a session");
  for (const { browser, site } of [...devices, ...former]) {
    const reason = await site.sessions.authorize(browser.request());
    assert.ok(reason === "unknown" || reason === "no_cookie", `a device is still signed in: ${reason}`);
  }
  const live = await pickSite(1).manager.fetchByUserKey(user);
  assert.deepEqual([...ended, ...live.map(({ id }) => id)].sort(), [...before, begun].sort());
  const refused = await newcomer.site.sessions.authorize(newcomer.browser.request());
  assert.equal(refused, live.length > 0 ? undefined : "unknown");
  await pickSite(2).manager.revokeByUserKey(user);
}

const COOKIE = "__Host-sessionup";

/** Returns undefined when the request failed with ERR_UNAUTHORIZED, the only error that this race may cause. */
async function unlessUnauthorized<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!SessionError.is(error) || error.code !== "ERR_UNAUTHORIZED") throw error;
    return undefined;
  }
}

function copyBrowser({ jar }: Browser): Browser {
  const copy = new Browser();
  for (const [name, value] of jar) copy.jar.set(name, value);
  return copy;
}
