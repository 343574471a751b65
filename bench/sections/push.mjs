import { Redis } from "ioredis";
import pg from "pg";
import { postgresStore } from "../../dist/stores/postgres.js";
import { redisStore } from "../../dist/stores/redis.js";
import { startPostgres } from "../../test/support/servers/postgres.ts";
import { startRedis } from "../../test/support/servers/redis.ts";
import { createRecord } from "../records.mjs";
import { roundsOf, spreadText, table } from "../report.mjs";
import { alternate, Worker } from "../rounds.mjs";
import { spreadOf } from "../statistics.mjs";

/**
 * The cost of publishing. In PostgreSQL: operations per second of one process, by the number of concurrent clients. PostgreSQL waits
 * for the disk, as in production, because a transaction that notifies holds a lock until it has committed. In Redis: the server's
 * CPU time per operation. The subscribers are in another process.
 *
 * @typedef {import("../../dist/index.js").Store} Store
 */

/** The numbers of concurrent clients, and the number of operations of one measurement in PostgreSQL. */
const CLIENTS = { 1: 100, 8: 200, 32: 400 };
/** The number of operations of one measurement in Redis, and of concurrent clients. */
const IN_REDIS = { operations: 4_000, clients: 8 };
const LIMIT = /** @type {const} */ ({ max: 1_000, onExceed: "evict-oldest" });

/** The store, whether it publishes, and the number of subscribers. */
const CONTENDERS = ["postgres", "redis"].flatMap((kind) => [
  { name: `${kind}, off`, kind, push: false, subscribers: 0 },
  ...[0, 1, 10].map((subscribers) => ({
    name: `${kind}, ${subscribers} subscribers`,
    kind,
    push: true,
    subscribers,
  })),
]);

/**
 * The operations. `prepare` returns the inputs of a number of operations. A login in a new browser ends no session, so it
 * publishes nothing.
 *
 * @type {Record<string, { prepare(store: Store, count: number): Promise<any[]>, run(store: Store, input: any): Promise<unknown> }>}
 */
const OPERATIONS = {
  "end a session": {
    prepare: createMany,
    run: (store, { id, userKey }) => store.deleteById(id, { reason: "revoked", now: Date.now() }, userKey),
  },
  "login that replaces a session": {
    prepare: createMany,
    run: (store, { id, userKey }) =>
      store.create(createRecord(userKey), { now: Date.now(), limit: LIMIT, replaces: id }),
  },
  "login in a new browser": {
    prepare: async (_store, count) => Array.from({ length: count }, newRecord),
    run: (store, record) => store.create(record, { now: Date.now(), limit: LIMIT }),
  },
  "change of data": {
    prepare: createMany,
    run: (store, { id, data }) =>
      store.update(id, { data: { ...data, v: 1 } }, { now: Date.now(), ifRevision: 0 }),
  },
};

let users = 0;
const newRecord = () => createRecord(`user-${users++}`);

/** Creates sessions, 32 at a time. */
async function createMany(/** @type {Store} */ store, /** @type {number} */ count) {
  const records = Array.from({ length: count }, newRecord);
  await inParallel(32, records, (record) => store.create(record, { now: Date.now() }));
  return records;
}

/**
 * @template Item
 * @param {number} clients
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<unknown>} run
 */
async function inParallel(clients, items, run) {
  let next = 0;
  const work = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await run(item);
  };
  await Promise.all(Array.from({ length: clients }, work));
}

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const push = {
  name: "push",

  async run({ quick, stores = ["postgres", "redis"] }) {
    const servers = { postgres: await startPostgres(), redis: await startRedis() };
    try {
      return await alternate({
        contenders: CONTENDERS.filter(({ kind }) => stores.includes(kind)).map(({ name }) => name),
        generations: 1,
        warmUps: 1,
        rounds: quick ? 2 : 11,
        start: (name) => open(servers, name),
        measure: (runner) => measure(runner, quick ? 0.1 : 1),
        async stop({ subscribers, close }) {
          await subscribers?.stop();
          await close();
        },
      });
    } finally {
      await servers.postgres.stop();
      await servers.redis.stop();
    }
  },

  text(samples) {
    const parts = [
      [
        "postgres",
        0,
        `## Push in PostgreSQL: operations per second by the number of clients, ${roundsOf(samples)} rounds`,
      ],
      ["redis", 1, "## Push in Redis: µs of the server's CPU time per operation"],
    ];
    return parts
      .flatMap(([kind, digits, title]) => {
        const contenders = Object.entries(samples).filter(([name]) => name.startsWith(`${kind},`));
        const rows = Object.keys(contenders[0]?.[1] ?? {}).map((figure) => [
          figure,
          ...contenders.map(([, each]) => spreadText(spreadOf(each[figure] ?? []), Number(digits))),
        ]);
        return contenders.length > 0
          ? [String(title), table(["", ...contenders.map(([name]) => name)], rows)]
          : [];
      })
      .join("\n\n");
  },
};

/** Opens a contender's store: its own database in PostgreSQL, its own prefix in Redis. */
async function open(
  /** @type {{ postgres: { url: string }, redis: { url: string } }} */ servers,
  /** @type {string} */ name,
) {
  const contender = CONTENDERS.find((each) => each.name === name);
  if (!contender) throw new Error(`push: there is no contender ${name}`);
  const { kind, push: publishes, subscribers: count } = contender;
  const prefix = `${name}:`;
  let url = servers.redis.url;
  /** @type {Store} */
  let store;
  let close = async () => undefined;
  /** Returns the CPU time of the server in microseconds. @type {undefined | (() => Promise<number>)} */
  let cpu;
  if (kind === "postgres") {
    const database = `sessions_${publishes ? count : "off"}`;
    const admin = new pg.Client({ connectionString: servers.postgres.url });
    await admin.connect();
    await admin.query(`create database ${database}`);
    await admin.end();
    url = servers.postgres.url.replace(/postgres$/, database);
    const pool = new pg.Pool({ connectionString: url, max: 32 });
    const made = postgresStore(pool, { push: publishes, cleanupEvery: false });
    await made.migrate();
    store = made;
    close = () => pool.end();
  } else {
    const client = new Redis(url);
    store = redisStore(client, { prefix, push: publishes });
    close = async () => client.disconnect();
    cpu = async () => {
      const found = [...(await client.info("cpu")).matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)];
      return found.reduce((sum, [, seconds]) => sum + Number(seconds) * 1e6, 0);
    };
  }
  const subscribers =
    count > 0 ? new Worker("workers/subscribe.mjs", kind, url, `${count}`, prefix) : undefined;
  await subscribers?.ask("subscribe");
  return { store, subscribers, count, cpu, close };
}

/** Returns the figures of one round. Throws when the subscribers miss an event. */
async function measure(
  /** @type {Awaited<ReturnType<typeof open>>} */ { store, subscribers, count, cpu },
  /** @type {number} */ share,
) {
  const before = (await subscribers?.ask("heard")) ?? 0;
  let published = 0;
  /** @type {Record<string, number>} */
  const figures = {};
  for (const [name, { prepare, run }] of Object.entries(OPERATIONS)) {
    const sizes = cpu ? [[IN_REDIS.clients, IN_REDIS.operations]] : Object.entries(CLIENTS);
    for (const [clients = 1, operations = 1] of sizes) {
      const inputs = await prepare(store, Number(operations) * share);
      const [cpuAt, at] = [(await cpu?.()) ?? 0, performance.now()];
      await inParallel(Number(clients), inputs, (input) => run(store, input));
      if (cpu) figures[name] = ((await cpu()) - cpuAt) / inputs.length;
      else figures[`${name}, ${clients}`] = (inputs.length / (performance.now() - at)) * 1_000;
      if (name !== "login in a new browser") published += inputs.length;
    }
  }
  const end = performance.now() + 10_000;
  while (subscribers && (await subscribers.ask("heard")) - before < published * count) {
    if (performance.now() > end) throw new Error("push: an event did not arrive");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return figures;
}
