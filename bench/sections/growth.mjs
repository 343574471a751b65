import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DATABASES } from "../databases.mjs";
import { plotGrowth } from "../plot.mjs";
import { createRecord as createRecordAt } from "../records.mjs";
import { table } from "../report.mjs";
import { spreadOf } from "../statistics.mjs";

/**
 * The cost of operations as a store grows. Expected: constant for lookups by id, linear in the user's own sessions for the rest,
 * independent of all other sessions. In milliseconds from the call to the result, one operation at a time.
 */

const NOW = Date.now();
/** The maximum number of measurements of each operation. */
const REPEATS = { whole: 200, quick: 20 };
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** The additional size for the memory store. */
const MOST = 10_000_000;
/** The numbers of a user's own sessions. */
const OWN = [1, 10, 100, 1_000, 10_000];

const createRecord = (/** @type {string} */ userKey) => createRecordAt(userKey, NOW);

/** @type {import("../section.d.ts").Section<Awaited<ReturnType<typeof grow>>>} */
export const growth = {
  name: "growth",
  run: ({ quick, stores }) =>
    quick
      ? grow(SIZES.slice(0, 2), OWN.slice(0, 3), REPEATS.quick, stores ?? ["memory", "redis", "postgres"])
      : grow(SIZES, OWN, REPEATS.whole, stores),
  text: growthText,
  pictures: (rows) => ({ "growth.svg": plotGrowth(rows) }),
};

/**
 * @param {readonly number[]} sizes
 * @param {readonly number[]} owns
 * @param {number} repeats
 * @param {readonly string[]} [only]
 */
async function grow(sizes, owns, repeats, only) {
  const rows = [];
  for (const [name, open] of Object.entries(DATABASES)) {
    if (only && !only.includes(name)) continue;
    const database = await open();
    try {
      const empty = await database.bytes(collectGarbage);
      let filled = 0;
      /** @type {string[]} */
      const ids = [];
      const all = name === "memory" && sizes === SIZES ? [...sizes, MOST] : sizes;
      for (const size of all) {
        while (filled < size) {
          const records = Array.from({ length: Math.min(10_000, size - filled) }, (_, index) =>
            createRecord(`user-${Math.floor((filled + index) / 3)}`),
          );
          await database.fill(records);
          filled += records.length;
          ids.push(records[0]?.id ?? "");
        }
        const bytes = ((await database.bytes(collectGarbage)) - empty) / size;
        rows.push({ name, size, bytes, figures: await measure(database.store, ids, owns, repeats) });
        process.stderr.write(".");
      }
    } finally {
      await database.close();
    }
  }
  return rows;
}

async function measure(
  /** @type {import("../../dist/index.js").Store} */ store,
  /** @type {readonly string[]} */ ids,
  /** @type {readonly number[]} */ owns,
  /** @type {number} */ most,
) {
  /** @type {Record<string, number>} */
  const figures = {
    fetch: await time(most, async (round) => {
      const id = ids[(round * 7) % ids.length] ?? "";
      return async () => check(await store.fetchById(id), "fetchById");
    }),
  };
  for (const own of owns) {
    const options = { now: NOW, limit: { max: own, onExceed: /** @type {const} */ ("evict-oldest") } };
    const user = `own-${own}`;
    for (let index = 0; index < own; index++) await store.create(createRecord(user), { now: NOW });
    const repeats = Math.max(5, Math.min(most, Math.floor(20_000 / own)));
    figures[`list ${own}`] = await time(repeats, async () => async () => {
      const list = await store.fetchByUserKey(user, { now: NOW, limit: own });
      check(list.length === own, "fetchByUserKey");
    });
    figures[`create ${own}`] = await time(repeats, async () => {
      const record = createRecord(user);
      return async () => check((await store.create(record, options)).evicted.length === 1, "create");
    });
    figures[`end ${own}`] = await time(Math.ceil(repeats / 5), async (round) => {
      const mine = `end-${own}-${round}-${createRecord("any-user").id}`;
      for (let made = 0; made < own; made += 500) {
        const records = Array.from({ length: Math.min(500, own - made) }, () => createRecord(mine));
        await Promise.all(records.map((record) => store.create(record, { now: NOW })));
      }
      return async () => {
        const ended = await store.deleteByUserKey(mine, { reason: "revoked", now: NOW });
        check(ended.length === own, "deleteByUserKey");
      };
    });
    await store.deleteByUserKey(user, { reason: "revoked", now: NOW });
  }
  return figures;
}

/** Returns the median in milliseconds. `prepare` is not timed. */
async function time(
  /** @type {number} */ repeats,
  /** @type {(round: number) => Promise<() => Promise<void>>} */ prepare,
) {
  const samples = [];
  for (let round = -Math.ceil(repeats / 4); round < repeats; round++) {
    const run = await prepare(Math.abs(round));
    const start = performance.now();
    await run();
    if (round >= 0) samples.push(performance.now() - start);
  }
  return spreadOf(samples).median;
}

function check(/** @type {unknown} */ right, /** @type {string} */ what) {
  if (!right) throw new Error(`${what} returned a wrong result`);
}

function collectGarbage() {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function growthText(/** @type {Awaited<ReturnType<typeof grow>>} */ rows) {
  const owns = OWN.filter((own) => rows.some(({ figures }) => `list ${own}` in figures));
  const titles = { list: "list", end: "end", create: "create, evicting the oldest of" };
  const columns = owns.flatMap((own) => Object.keys(titles).map((operation) => ({ operation, own })));
  return [
    "## Growth: milliseconds per operation, one at a time, medians",
    table(
      [
        "store",
        "sessions",
        "fetch one",
        ...columns.map(
          ({ operation, own }) => `${titles[/** @type {"list"} */ (operation)]} ${own.toLocaleString("en")}`,
        ),
        "bytes per session",
      ],
      rows.map(({ name, size, bytes, figures }) => [
        name,
        size.toLocaleString("en"),
        (figures.fetch ?? Number.NaN).toFixed(3),
        ...columns.map(({ operation, own }) => (figures[`${operation} ${own}`] ?? Number.NaN).toFixed(3)),
        String(Math.round(bytes)),
      ]),
    ),
  ].join("\n\n");
}
