import { child } from "../child.mjs";
import { DATABASES } from "../databases.mjs";
import { KEEPERS } from "../keepers.mjs";
import { table } from "../report.mjs";
import { recordMaker } from "../visitors.mjs";

const PER_USER = 3;
/** What the issue asks for, in bytes a session: of heap, of Redis's memory, of PostgreSQL's table and indexes. */
const AIMS = /** @type {Record<string, number>} */ ({ sessionup: 450, redis: 500, postgres: 330 });
const SHORT = { client: { ip: false, agent: false } };
const NEITHER = ", neither browser nor address";

/** @type {import("../section.d.ts").Section<Awaited<ReturnType<typeof measure>>>} */
export const memory = {
  name: "memory",
  run: ({ quick, stores }) =>
    measure(quick ? 5_000 : 1_000_000, quick ? 50_000 : 10_000_000, stores ?? ["redis", "postgres"], quick),
  text({ sessions, inMemory, inDatabases, times, left }) {
    const whole = (/** @type {number} */ bytes) => Math.round(bytes).toLocaleString("en");
    const aim = (/** @type {string} */ name) => (AIMS[name] === undefined ? "" : `≤ ${AIMS[name]}`);
    return [
      `## Memory: bytes a session, ${whole(sessions)} sessions, ${PER_USER} a user`,
      table(
        ["in this process's memory", "heap", "beside the heap", "together", "aim (heap)"],
        Object.entries(inMemory).map(([name, { heap, beside }]) => [
          name,
          whole(heap),
          whole(beside),
          whole(heap + beside),
          aim(name),
        ]),
      ),
      table(
        ["in a database, with all its indexes", "bytes", "aim"],
        Object.entries(inDatabases).map(([name, bytes]) => [name, whole(bytes), aim(name)]),
      ),
      `${whole(times)} logins and logouts in the memory store, beside 10,000 who stay, leave ${whole(left)} bytes behind: ${(left / times).toFixed(4)} each (aim: none).`,
    ].join("\n\n");
  },
};

/**
 * @param {number} sessions
 * @param {number} times  of logins and logouts
 * @param {readonly string[]} stores
 * @param {boolean} quick
 */
async function measure(sessions, times, stores, quick) {
  const inMemory = /** @type {Record<string, { heap: number, beside: number }>} */ ({});
  for (const keeper of Object.keys(KEEPERS))
    inMemory[keeper] = await child("memory.mjs", { keeper, sessions, perUser: PER_USER }, [
      "--max-old-space-size=8192",
    ]);
  const inDatabases = /** @type {Record<string, number>} */ ({});
  for (const name of stores.filter((store) => store !== "memory")) {
    inDatabases[name] = await inDatabase(name, sessions, {});
    if (!quick) inDatabases[name + NEITHER] = await inDatabase(name, sessions, SHORT);
  }
  const { left } = await child("churn.mjs", { times });
  return { sessions, inMemory, inDatabases, times, left };
}

/** Its bytes for each session, as the core writes it. */
async function inDatabase(
  /** @type {string} */ name,
  /** @type {number} */ sessions,
  /** @type {import("../../dist/index.js").ManagerOptions} */ options,
) {
  const database = await DATABASES[name]?.();
  if (!database) throw new Error(`--store ${name}: there are ${Object.keys(DATABASES).join(", ")}`);
  const make = recordMaker(options);
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
    if (found?.userKey !== last?.userKey) throw new Error(`${name} has lost a session`);
    const page = { now: last?.createdAt ?? 0, limit: 10 };
    const list = await database.store.fetchByUserKey("user-0", page);
    if (list.length !== PER_USER) throw new Error(`${name} lists ${list.length} sessions of a user`);
    process.stderr.write(".");
    return ((await database.bytes(() => undefined)) - empty) / sessions;
  } finally {
    await database.close();
  }
}
