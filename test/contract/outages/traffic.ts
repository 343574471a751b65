import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import { type Answer, stranger, type Visitor } from "./visitor.ts";

/** Longest that a store may take to recover when all is well again, in milliseconds. */
const RECOVERY = 10_000;

/** Asks again while the answer is 503, and nothing but 503; the first other answer. */
export async function eventually(ask: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + RECOVERY;
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    assert.ok(performance.now() < end, `no recovery within ${RECOVERY} ms: ${JSON.stringify(answer.body)}`);
    await pause(25);
  }
}

/** All are known again, by the cookie that they had, and each sees all devices of theirs and no other. */
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

/** Nobody is known, nobody is signed out, and nothing is done that is not so. */
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
    // Without a cookie there is nothing to ask.
    expectStatus(stranger(origin), "/me", 401),
  ]);
}

/** What was acknowledged: sessions that began, and cookies of those that ended. */
export interface Acknowledged {
  readonly begun: Visitor[];
  readonly ended: Visitor[];
}

/** Of so many people nothing yet. */
export function nothingYet(people: number): Acknowledged[] {
  return Array.from({ length: people }, () => ({ begun: [], ended: [] }));
}

/** People who sign in, and every other one out again, until it is time. What was answered with 503 is nobody's promise. */
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
      // A logout that finds nobody would be an outage taken for a logout.
      if ((await visitor.ask("/logout")).status === 200) acknowledged.ended.push(former);
    }
    await pause(5);
  }
}

/** Waits until there is something to lose: some sessions that began, and some that ended. */
export async function untilSome(acknowledged: readonly Acknowledged[]): Promise<void> {
  const end = performance.now() + RECOVERY;
  const few = (what: keyof Acknowledged) => acknowledged.flatMap((each) => each[what]).length < 20;
  while (few("begun") || few("ended")) {
    assert.ok(performance.now() < end, "nobody signs in and out");
    await pause(10);
  }
}

/** Who was told to be signed in is, and who was told to be signed out is. */
export async function expectKept(all: readonly Acknowledged[]): Promise<void> {
  for (const { begun, ended } of all) {
    for (const visitor of begun) {
      const { status, body } = await eventually(() => visitor.ask("/me"));
      assert.equal(status, 200, `an acknowledged login was lost: ${JSON.stringify(body)}`);
    }
    for (const visitor of ended) {
      const { status } = await eventually(() => visitor.ask("/me"));
      assert.equal(status, 401, "a session came back that was ended");
    }
  }
}

/** The network fails this way and that until it is time; by the seed, always the same way. It is well afterwards. */
export async function chaos(proxy: TcpProxy, seed: number, isTime: () => boolean): Promise<void> {
  const random = randomOf(seed);
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
    // Now and then longer than a store waits.
    await pause(random() < 0.1 ? 1_200 : 200 * random());
  }
  proxy.mode = "pass";
  await proxy.start();
}

/** Numbers from 0 to 1 that look random (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
