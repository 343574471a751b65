import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { shardOf } from "../../dist/index.js";
import { DATABASES } from "../databases.mjs";
import { spreadOf } from "../statistics.mjs";

/**
 * What operations cost as a store grows: flat for what is found by its id, linear in the user's own sessions for the
 * rest, whatever else is there. In milliseconds from the call to the answer, one at a time.
 */

const NOW = Date.now();
const DAY = 86_400_000;
const REPEATS = 200;
const OWN = [10, 100];

/** @typedef {import("../../dist/index.js").SessionRecord} SessionRecord */

let count = 0;

/** A record as the core writes it, on average: an address, an agent, no metadata. */
function recordOf(/** @type {string} */ userKey) {
  const serial = String(count++).padStart(20, "0");
  return {
    id: shardOf(userKey) + serial,
    userKey,
    revision: 0,
    createdAt: NOW + count,
    lastSeenAt: NOW + count,
    expiresAt: NOW + DAY,
    deadline: NOW + DAY,
    data: {
      v: 1,
      cookie: "sessionup",
      persistent: false,
      root: "r".repeat(23) + serial,
      secret: "s".repeat(23) + serial,
      retired: [],
      authenticatedAt: NOW,
      ip: "203.0.113.195",
      agent: { browser: "Firefox", os: "Windows" },
    },
  };
}

/** @type {import("../section.d.ts").Section<Awaited<ReturnType<typeof grow>>>} */
export const growth = {
  name: "growth",
  run: ({ quick, stores }) => grow(quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000], stores),
  text: growthText,
};

/**
 * @param {readonly number[]} sizes
 * @param {readonly string[]} [only]
 */
async function grow(sizes, only) {
  const rows = [];
  for (const [name, open] of Object.entries(DATABASES)) {
    if (only && !only.includes(name)) continue;
    const database = await open();
    try {
      const empty = await database.bytes(collectGarbage);
      let filled = 0;
      /** @type {string[]} */
      const ids = [];
      for (const size of sizes) {
        while (filled < size) {
          const records = Array.from({ length: Math.min(10_000, size - filled) }, (_, index) =>
            recordOf(`user-${Math.floor((filled + index) / 3)}`),
          );
          await database.fill(records);
          filled += records.length;
          ids.push(records[0]?.id ?? "");
        }
        const bytes = ((await database.bytes(collectGarbage)) - empty) / size;
        rows.push({ name, size, bytes, ...(await measure(database.store, ids)) });
        process.stderr.write(".");
      }
    } finally {
      await database.close();
    }
  }
  process.stderr.write("\n");
  return rows;
}

async function measure(
  /** @type {import("../../dist/index.js").Store} */ store,
  /** @type {readonly string[]} */ ids,
) {
  /** @type {Record<string, number>} */
  const figures = {
    fetch: await time(async (round) => {
      const id = ids[(round * 7) % ids.length] ?? "";
      return async () => check(await store.fetchById(id), "fetchById");
    }),
  };
  for (const own of OWN) {
    const options = { now: NOW, limit: { max: own, onExceed: /** @type {const} */ ("evict-oldest") } };
    const user = `own-${own}`;
    for (let index = 0; index < own; index++) await store.create(recordOf(user), options);
    figures[`list ${own}`] = await time(async () => async () => {
      const list = await store.fetchByUserKey(user, { now: NOW, limit: 1_000 });
      check(list.length === own, "fetchByUserKey");
    });
    figures[`create ${own}`] = await time(async () => {
      const record = recordOf(user);
      return async () => check((await store.create(record, options)).evicted.length === 1, "create");
    });
    figures[`end ${own}`] = await time(async (round) => {
      const mine = `end-${own}-${round}-${count}`;
      const records = Array.from({ length: own }, () => recordOf(mine));
      await Promise.all(records.map((record) => store.create(record, { now: NOW })));
      const except = [records[0]?.id ?? ""];
      return async () => {
        const ended = await store.deleteByUserKey(mine, { reason: "revoked", now: NOW }, except);
        check(ended.length === own - 1, "deleteByUserKey");
      };
    }, REPEATS / 4);
    await store.deleteByUserKey(user, { reason: "revoked", now: NOW });
  }
  return figures;
}

/** The median, in milliseconds; what `prepare` does is not timed. */
async function time(
  /** @type {(round: number) => Promise<() => Promise<void>>} */ prepare,
  repeats = REPEATS,
) {
  const samples = [];
  for (let round = -repeats / 4; round < repeats; round++) {
    const run = await prepare(Math.abs(round));
    const start = performance.now();
    await run();
    if (round >= 0) samples.push(performance.now() - start);
  }
  return spreadOf(samples).median;
}

function check(/** @type {unknown} */ right, /** @type {string} */ what) {
  if (!right) throw new Error(`${what} answered something else`);
}

function collectGarbage() {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function growthText(/** @type {Awaited<ReturnType<typeof grow>>} */ rows) {
  const figures = ["fetch", ...OWN.flatMap((own) => [`list ${own}`, `end ${own}`, `create ${own}`])];
  const titles = {
    fetch: "fetch one",
    "list 10": "list 10",
    "list 100": "list 100",
    "end 10": "end all but one of 10",
    "end 100": "of 100",
    "create 10": "create, evicting the 11th",
    "create 100": "the 101st",
  };
  const line = (/** @type {readonly unknown[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [
    "## As it grows: milliseconds an operation, one at a time, medians\n",
    line(["store", "sessions", ...figures.map((figure) => titles[figure]), "bytes a session"]),
    line(["---", ...Array(figures.length + 2).fill("--:")]),
    ...rows.map(({ name, size, bytes, ...cost }) =>
      line([
        name,
        size.toLocaleString("en"),
        ...figures.map((figure) => cost[figure].toFixed(3)),
        Math.round(bytes),
      ]),
    ),
  ].join("\n");
}
