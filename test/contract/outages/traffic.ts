import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import { type Answer, stranger, type Visitor } from "./visitor.ts";

/** The longest time that a store may take to recover after an outage, in milliseconds. */
const RECOVERY = 10_000;

/** Repeats a request while its status is 503. Returns the first other answer. */
export async function eventually(ask: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + RECOVERY;
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    assert.ok(
      performance.now() < end,
      `The app did not recover within ${RECOVERY} ms: ${JSON.stringify(answer.body)}`,
    );
    await pause(25);
  }
}

/** Checks that all visitors are still signed in by their old cookies, and that each sees exactly their own devices. */
export async function expectRecovery(visitors: readonly Visitor[]): Promise<void> {
  await Promise.all(
    visitors.map(async (visitor) => {
      const me = await eventually(() => visitor.ask("/me"));
      assert.equal(me.status, 200, `${visitor.user} was signed out: ${JSON.stringify(me.body)}`);
      const devices = await eventually(() => visitor.ask("/devices"));
      const own = visitors.filter(({ user }) => user === visitor.user).map(({ id }) => id);
      assert.deepEqual([...(devices.body.ids ?? [])].sort(), own.sort());
    }),
  );
}

/** Checks that requests fail with 503 during an outage, and that public routes treat visitors as unauthenticated. */
export async function expectOutage(origin: string, visitors: readonly Visitor[]): Promise<void> {
  const newcomer = stranger(origin);
  const expectStatus = async (visitor: Visitor, path: string, status: number) => {
    const answer = await visitor.ask(path);
    assert.equal(answer.status, status, `${path}: ${JSON.stringify(answer.body)}`);
    return answer;
  };
  await Promise.all([
    ...visitors.flatMap((visitor) =>
      ["/me", "/devices", "/logout", "/revoke-others"].map((path) => expectStatus(visitor, path, 503)),
    ),
    ...visitors.map(async (visitor) => {
      const { body } = await expectStatus(visitor, "/public", 200);
      assert.equal(body.user, null);
    }),
    newcomer.login().then(({ status }) => assert.equal(status, 503)),
    // A request without a cookie needs no store.
    expectStatus(stranger(origin), "/me", 401),
  ]);
}

/** The acknowledged logins, and browsers with the cookies of acknowledged logouts. */
export interface Acknowledged {
  readonly begun: Visitor[];
  readonly ended: Visitor[];
}

/** Creates an empty log for each user. */
export function createLogs(users: number): Acknowledged[] {
  return Array.from({ length: users }, () => ({ begun: [], ended: [] }));
}

/** Signs users in, and every other one out again, until it is time. Ignores requests that were answered with 503. */
export async function commute(
  origin: string,
  isTime: () => boolean,
  acknowledged: Acknowledged,
): Promise<void> {
  for (let round = 0; !isTime(); round++) {
    const visitor = stranger(origin);
    if ((await visitor.login()).status !== 200) {
      await pause(10);
      continue;
    }
    if (round % 2 === 0) {
      acknowledged.begun.push(visitor);
    } else {
      const former = visitor.copy();
      // Only status 200 acknowledges a logout.
      if ((await visitor.ask("/logout")).status === 200) acknowledged.ended.push(former);
    }
    await pause(5);
  }
}

/** Waits until 20 logins and 20 logouts were acknowledged. */
export async function untilSome(acknowledged: readonly Acknowledged[]): Promise<void> {
  const end = performance.now() + RECOVERY;
  const few = (what: keyof Acknowledged) => acknowledged.flatMap((each) => each[what]).length < 20;
  while (few("begun") || few("ended")) {
    assert.ok(performance.now() < end, "No logins and logouts were acknowledged in time.");
    await pause(10);
  }
}

/** Checks that every acknowledged login and logout is still in effect. */
export async function expectKept(all: readonly Acknowledged[]): Promise<void> {
  for (const { begun, ended } of all) {
    for (const visitor of begun) {
      const { status, body } = await eventually(() => visitor.ask("/me"));
      assert.equal(status, 200, `an acknowledged login was lost: ${JSON.stringify(body)}`);
    }
    for (const visitor of ended) {
      const { status } = await eventually(() => visitor.ask("/me"));
      assert.equal(status, 401, "an ended session came back");
    }
  }
}

/** Makes the network fail in random ways, determined by the seed, until it is time. Restores the network afterwards. */
export async function chaos(proxy: TcpProxy, seed: number, isTime: () => boolean): Promise<void> {
  const random = createRandom(seed);
  while (!isTime()) {
    const what = random();
    if (what < 0.4) proxy.mode = "pass";
    else if (what < 0.6) proxy.mode = "hang";
    else if (what < 0.75) proxy.mode = "cut";
    else if (what < 0.83) proxy.cutAll();
    else if (what < 0.91) proxy.resetAll();
    else {
      await proxy.refuse();
      await pause(100 * random());
      await proxy.start();
    }
    // Some failures last longer than the store's timeout.
    await pause(random() < 0.1 ? 1_200 : 200 * random());
  }
  proxy.mode = "pass";
  await proxy.start();
}

/** Creates a seeded generator of pseudo-random numbers from 0 to 1 (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
