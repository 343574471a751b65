import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { cached } from "../../dist/cache/cache.js";
import { redisPush, redisStore } from "../../dist/stores/redis.js";
import { readTask } from "../child.mjs";
import { createVisitSessions, Visit } from "../visitors.mjs";

/** Counts what reaches the store while a steady stream of requests of many users is authenticated. */

const { url, isCached, users, rate, warmUp, seconds } = readTask();
/** The requests of one user are spread evenly: every user sends one before the next round begins. */
const TICK = 10;

const client = await createClient({ url }).connect();
const counts = { fetchById: 0, update: 0 };
const store = counting(redisStore(client, { push: redisPush(() => client.duplicate()) }));
const sessions = createVisitSessions(isCached ? cached(store) : store);
const logins = [];
for (let index = 0; index < users; index += 100) {
  const batch = Array.from({ length: Math.min(100, users - index) }, () => new Visit());
  await Promise.all(batch.map((visit, place) => sessions.init(visit, `user-${index + place}`)));
  logins.push(...batch);
}

await send(warmUp);
const before = { ...counts };
const requests = await send(seconds);
console.log(
  JSON.stringify({
    requests: requests / seconds,
    reads: (counts.fetchById - before.fetchById) / seconds,
    writes: (counts.update - before.update) / seconds,
  }),
);
process.exit();

/** Sends requests at the given rate. Returns their number. */
async function send(/** @type {number} */ duration) {
  const start = performance.now();
  const pending = [];
  let sent = 0;
  while (performance.now() - start < duration * 1_000) {
    const due = Math.floor(((performance.now() - start) / 1_000) * rate);
    for (; sent < due; sent++) pending.push(visit(logins[sent % users]));
    await Promise.all(pending.splice(0));
    await sleep(TICK);
  }
  return sent;
}

async function visit(/** @type {Visit} */ login) {
  if (!(await sessions.get(login.next()))) throw new Error("a live session was rejected");
}

/** @param {import("../../dist/index.js").Store} store */
function counting(store) {
  for (const name of /** @type {const} */ (["fetchById", "update"])) {
    const call = /** @type {any} */ (store[name]).bind(store);
    Object.assign(store, {
      [name]: (/** @type {unknown[]} */ ...given) => {
        counts[name]++;
        return call(...given);
      },
    });
  }
  return store;
}
