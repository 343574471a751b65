import { Redis } from "ioredis";
import { Manager, type Store } from "sessionup";
import { redisStore } from "sessionup/stores/redis";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser, type TestRequest, testSessions } from "../../support/browser.ts";
import { createRecord, HOUR, NOW } from "../../support/record.ts";
import { indexKey, newUser, RedisFixture, recordKey } from "./_fixture.ts";

const MINUTE = 60_000;

let redis: RedisFixture;
let stores: { readonly right: Store; readonly fast: Store };
let second: Redis;
beforeAll(async () => {
  redis = await RedisFixture.start();
  second = new Redis(redis.server.port, "127.0.0.1");
  stores = { right: redis.store(), fast: redisStore(second) };
});
afterAll(async () => {
  second.disconnect();
  await redis.stop();
});

describe.each([
  ["90 seconds", 90_000],
  ["10 minutes", 10 * MINUTE],
])("redisStore shared with a process whose clock is %s ahead", (_title, ahead) => {
  /** Creates two processes with separate clocks, and a user with a session that only the fast clock considers expired. */
  async function site() {
    const process = (store: Store, start: number) => {
      const clock = new TestClock(start);
      const manager = new Manager(store, { expiresIn: "1h", clock: clock.now });
      return { clock, manager, sessions: testSessions(manager) };
    };
    const right = process(stores.right, NOW);
    const fast = process(stores.fast, NOW + ahead);
    const user = newUser();
    const login = async (at: typeof right) => {
      const browser = new Browser();
      const { id } = await browser.visit((request) => at.sessions.init(request, user));
      return { id, visit: <A>(use: (request: TestRequest) => Promise<A>) => browser.visit(use) };
    };
    const old = await login(right);
    // The old session has a second left.
    for (const { clock } of [right, fast]) clock.set(clock.now() + HOUR - 1_000);
    return { right, fast, user, login, old, young: await login(right), other: await login(right) };
  }
  type Site = Awaited<ReturnType<typeof site>>;

  const operations: Record<string, (site: Site) => Promise<unknown>> = {
    init: ({ login, fast }) => login(fast),
    "init in place of another session": ({ young, fast, user }) =>
      young.visit((request) => fast.sessions.init(request, user)),
    auth: ({ young, fast }) => {
      // An activity write is due.
      fast.clock.advance("2m");
      return young.visit((request) => fast.sessions.authorize(request));
    },
    fetchAll: ({ young, fast }) => young.visit((request) => fast.sessions.fetchAll(request)),
    updateMeta: ({ young, fast }) =>
      young.visit((request) => fast.sessions.updateMeta(request, () => undefined)),
    rotate: ({ young, fast }) => young.visit((request) => fast.sessions.rotate(request)),
    reauthenticate: ({ young, fast }) => young.visit((request) => fast.sessions.reauthenticate(request)),
    revoke: ({ young, fast }) => young.visit((request) => fast.sessions.revoke(request)),
    revokeOwn: ({ young, other, fast }) =>
      young.visit((request) => fast.sessions.revokeOwn(request, other.id)),
    "manager.fetchByUserKey": ({ fast, user }) => fast.manager.fetchByUserKey(user),
    "manager.revokeById": ({ fast, other }) => fast.manager.revokeById(other.id),
    "manager.revokeByUserKey with the session excepted": ({ fast, user, old }) =>
      fast.manager.revokeByUserKey(user, { except: [old.id] }),
  };
  it.each(Object.entries(operations))(
    "%s by the fast clock hides no session from lists and revocations by the right clock",
    async (_name, run) => {
      const here = await site();
      await run(here);
      const { right, user, old } = here;
      expect((await right.manager.fetchByUserKey(user)).map(({ id }) => id)).toContain(old.id);
      expect(await right.manager.revokeByUserKey(user)).toContain(old.id);
      expect(await old.visit((request) => right.sessions.authorize(request))).toBe("unknown");
    },
  );

  const revocations: Record<string, (site: Site) => Promise<unknown>> = {
    revokeOther: ({ young, fast }) => young.visit((request) => fast.sessions.revokeOther(request)),
    revokeAll: ({ young, fast }) => young.visit((request) => fast.sessions.revokeAll(request)),
    "manager.revokeById": ({ fast, old }) => fast.manager.revokeById(old.id),
    "manager.revokeByUserKey": ({ fast, user }) => fast.manager.revokeByUserKey(user),
  };
  it.each(Object.entries(revocations))(
    "%s by the fast clock ends sessions that only that clock considers expired",
    async (_name, run) => {
      const here = await site();
      await run(here);
      expect(await stores.right.fetchById(here.old.id)).toBeUndefined();
    },
  );

  describe("the TTL of keys", () => {
    /** Checks that the server keeps the session and the user's index at least until the end by the right clock. */
    async function expectToStay(id: string, user: string, now: number): Promise<void> {
      const record = await stores.right.fetchById(id);
      // The test itself may take up to a minute.
      const left = (record?.expiresAt ?? Number.POSITIVE_INFINITY) - now - MINUTE;
      expect(await redis.client.pttl(recordKey(id))).toBeGreaterThan(left);
      expect(await redis.client.pttl(indexKey(user))).toBeGreaterThan(left);
    }

    it("covers a session of the fast process until its end by every clock", async () => {
      const user = newUser();
      const now = NOW + ahead;
      const record = createRecord({ userKey: user, createdAt: now, lastSeenAt: now, expiresAt: now + HOUR });
      await stores.fast.create(record, { now });
      await expectToStay(record.id, user, NOW);
    });

    it("covers activity in the fast process until the session's end by every clock", async () => {
      const user = newUser();
      const deadline = NOW + 5 * HOUR;
      const record = createRecord({ userKey: user, expiresAt: NOW + HOUR, deadline });
      await stores.right.create(record, { now: NOW });
      const now = NOW + ahead;
      for (const expiresAt of [now + HOUR, deadline]) {
        const activity = { lastSeenAt: now + expiresAt - NOW - HOUR, expiresAt };
        expect(await stores.fast.update(record.id, { activity }, { now })).toBe("updated");
        await expectToStay(record.id, user, NOW);
      }
    });

    it("is not shortened by operations of the fast process", async () => {
      const user = newUser();
      const long = createRecord({ userKey: user, expiresAt: NOW + 9 * HOUR });
      await stores.right.create(long, { now: NOW });
      const now = NOW + 8 * HOUR + ahead;
      const short = createRecord({ userKey: user, createdAt: now, lastSeenAt: now, expiresAt: now + 1 });
      await stores.fast.create(short, { now });
      await stores.fast.update(
        long.id,
        { activity: { lastSeenAt: now, expiresAt: NOW + 9 * HOUR } },
        { now },
      );
      await stores.fast.deleteById(short.id, { reason: "logout", now });
      await expectToStay(long.id, user, NOW);
    });
  });
});
