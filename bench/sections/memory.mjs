import { child } from "../child.mjs";
import { DATABASES } from "../databases.mjs";
import { KEEPERS } from "../keepers.mjs";
import { table } from "../report.mjs";
import { createRecordMaker } from "../visitors.mjs";

const PER_USER = 3;
/** Targets in bytes per session: heap, memory of Redis, table and indexes of PostgreSQL. */
const TARGETS = /** @type {Record<string, number>} */ ({ sessionup: 450, redis: 500, postgres: 330 });
const WITHOUT_CLIENT = { client: { ip: false, agent: false } };
const WITHOUT_CLIENT_TITLE = ", without browser and address";

/** @type {import("../section.d.ts").Section<Awaited<ReturnType<typeof measure>>>} */
export const memory = {
  name: "memory",
  run: ({ quick, stores }) =>
    measure(quick ? 5_000 : 1_000_000, quick ? 50_000 : 10_000_000, stores ?? ["redis", "postgres"], quick),
  text({ sessions, inMemory, inDatabases, times, left }) {
    const whole = (/** @type {number} */ bytes) => Math.round(bytes).toLocaleString("en");
    const target = (/** @type {string} */ name) => (TARGETS[name] === undefined ? "" : `≤ ${TARGETS[name]}`);
    return [
      `## Memory: bytes per session, ${whole(sessions)} sessions, ${PER_USER} per user`,
      table(
        ["in process memory", "heap", "outside the heap", "total", "target (heap)"],
        Object.entries(inMemory).map(([name, { heap, outside }]) => [
          name,
          whole(heap),
          whole(outside),
          whole(heap + outside),
          target(name),
        ]),
      ),
      table(
        ["in a database, with all indexes", "bytes", "target"],
        Object.entries(inDatabases).map(([name, bytes]) => [name, whole(bytes), target(name)]),
      ),
      `${whole(times)} logins and logouts in the memory store, beside 10,000 sessions that stay, leave ${whole(left)} bytes: ${(left / times).toFixed(4)} each (target: none).`,
    ].join("\n\n");
  },
};

/**
 * @param {number} sessions
 * @param {number} times  the number of logins and logouts
 * @param {readonly string[]} stores
 * @param {boolean} quick
 */
async function measure(sessions, times, stores, quick) {
  const inMemory = /** @type {Record<string, { heap: number, outside: number }>} */ ({});
  for (const keeper of Object.keys(KEEPERS))
    inMemory[keeper] = await child("memory.mjs", { keeper, sessions, perUser: PER_USER }, [
      "--max-old-space-size=8192",
    ]);
  const inDatabases = /** @type {Record<string, number>} */ ({});
  for (const name of stores.filter((store) => store !== "memory")) {
    inDatabases[name] = await measureDatabase(name, sessions, {});
    if (!quick)
      inDatabases[name + WITHOUT_CLIENT_TITLE] = await measureDatabase(name, sessions, WITHOUT_CLIENT);
  }
  const { left } = await child("churn.mjs", { times });
  return { sessions, inMemory, inDatabases, times, left };
}

/** Returns the bytes per session in a database, with records as the core writes them. */
async function measureDatabase(
  /** @type {string} */ name,
  /** @type {number} */ sessions,
  /** @type {import("../../dist/index.js").ManagerOptions} */ options,
) {
  const database = await DATABASES[name]?.();
  if (!database)
    throw new Error(`--store must be one of ${Object.keys(DATABASES).join(", ")}. Received ${name}.`);
  const make = createRecordMaker(options);
  try {
    const empty = await database.bytes(() => undefined);
    let last;
    for (let filled = 0; filled < sessions; ) {
      const records = [];
      for (; records.length < 10_000 && filled < sessions; filled++)
        records.push(await make(`user-${Math.floor(filled / PER_USER)}`));
      await database.fill(records);
      last = records.at(-1);
    }
    const found = await database.store.fetchById(last?.id ?? "");
    if (found?.userKey !== last?.userKey) throw new Error(`${name} lost a session`);
    const page = { now: last?.createdAt ?? 0, limit: 10 };
    const list = await database.store.fetchByUserKey("user-0", page);
    if (list.length !== PER_USER) throw new Error(`${name} lists ${list.length} sessions of a user`);
    process.stderr.write(".");
    return ((await database.bytes(() => undefined)) - empty) / sessions;
  } finally {
    await database.close();
  }
}
