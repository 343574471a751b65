import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import session from "express-session";
import memorystore from "memorystore";
import { memoryStore } from "../../dist/stores/memory.js";
import { taskOf } from "../child.mjs";
import { recordOf } from "../records.mjs";
import { Watch, waited } from "../watch.mjs";

/** How long a process with very many sessions keeps everybody waiting, in milliseconds. */

const DAY = 86_400_000;
const SLACK = 60_000;
/** So many inserts at a time: in each of them, the slowest one is looked at. */
const SOME = 100;
const NOW = Date.now();
const LIMIT = { max: 1_000_000, onExceed: /** @type {const} */ ("evict-oldest") };

const { what, who, sessions, own } = taskOf();
const answer = await { idle, expire, revoke, grow }[/** @type {"idle"} */ (what)]();
console.log(JSON.stringify(answer));
process.exit();

/** Nothing happens: what the machine itself keeps waiting. */
async function idle() {
  const watch = new Watch().start();
  await sleep(2_000);
  return watch.stop();
}

/** A tenth of the sessions ends at one moment. */
async function expire() {
  return who === "sessionup" ? expireInSessionup() : expireInMemorystore();
}

async function expireInSessionup() {
  const store = memoryStore();
  const now = Date.now();
  const dead = [];
  for (let count = 0; count < sessions; count++) {
    const record = recordOf(`user-${Math.floor(count / 3)}`, now);
    if (count % 10 === 0) {
      record.expiresAt = record.deadline = now + DAY / 2;
      dead.push(record.id);
    }
    await store.create(record, { now });
    if (count % 10_000 === 0) await turn();
  }
  await quiet();
  const watch = new Watch().start();
  // A store has no clock: it goes by the time that it was told last.
  await store.fetchByUserKey("somebody", { now: now + DAY / 2 + SLACK, limit: 1 });
  const last = dead.filter((_, index) => index % Math.ceil(dead.length / 100) === 0);
  while ((await store.fetchByIds(last)).some(Boolean)) await sleep(50);
  const answer = await watch.stop();
  if ((await store.fetchByIds(dead)).some(Boolean)) throw new Error("some of the dead are still there");
  const living = await store.fetchByUserKey("user-1", { now: now + DAY / 2, limit: 10 });
  if (living.length !== 3) throw new Error("somebody who is alive is gone");
  return answer;
}

async function expireInMemorystore() {
  const store = new (memorystore(session))({ checkPeriod: DAY });
  const start = Date.now();
  const soon = start + 2_000 + sessions / 10;
  for (let count = 0; count < sessions; count++) {
    const maxAge = count % 10 === 0 ? soon - Date.now() : DAY;
    const kept = /** @type {any} */ ({ cookie: new session.Cookie({ maxAge }), user: `user-${count}` });
    await new Promise((resolve) => store.set(`${count}-`.padEnd(32, "x"), kept, resolve));
  }
  if (Date.now() > soon) throw new Error("filling took longer than the sessions live");
  await sleep(Math.max(0, soon + 100 - Date.now()));
  await quiet();
  const watch = new Watch().start();
  await sleep(20);
  // What its timer calls.
  store.prune();
  const left = await new Promise((resolve) => store.length((_error, length) => resolve(length)));
  if (left !== sessions - Math.ceil(sessions / 10)) throw new Error(`memorystore holds ${left}`);
  await sleep(20);
  return watch.stop();
}

/** One user with very many sessions, among those of others, is logged out everywhere. */
async function revoke() {
  const store = memoryStore();
  const now = Date.now();
  const every = Math.floor(sessions / own);
  for (let count = 0; count < sessions; count++) {
    const userKey = count % every === 0 ? "busy" : `user-${Math.floor(count / 3)}`;
    await store.create(recordOf(userKey, now), { now });
    if (count % 10_000 === 0) await turn();
  }
  await quiet();
  const watch = new Watch().start();
  await sleep(20);
  const start = performance.now();
  const startWaited = waited();
  const ended = await store.deleteByUserKey("busy", { reason: "revoked", now });
  const call = performance.now() - start - (waited() - startWaited);
  // Until what was ended has been cleared away.
  await sleep(1_000 + own / 50);
  const answer = await watch.stop();
  if (ended.length !== Math.ceil(sessions / every)) throw new Error(`${ended.length} sessions ended`);
  if ((await store.fetchByIds(ended)).some(Boolean)) throw new Error("a session that was ended is there");
  return { ...answer, call };
}

/** Each single insert until there are so many. */
async function grow() {
  const insert = who === "sessionup" ? intoSessionup() : intoMap();
  const all = createHistogram();
  /** @type {{ from: number, to: number, own: number }[]} */
  const slow = [];
  const watch = new Watch().start();
  for (let count = 0; count < sessions; count += SOME) {
    const records = Array.from({ length: SOME }, (_, index) =>
      recordOf(`user-${Math.floor((count + index) / 3)}`, NOW, "aa"),
    );
    /** @type {{ from: number, to: number } | undefined} */
    let slowest;
    const before = waited();
    for (const record of records) {
      const from = performance.now();
      insert(record);
      const to = performance.now();
      all.record(Math.max(1, Math.round((to - from) * 1e6)));
      if (!slowest || to - from > slowest.to - slowest.from) slowest = { from, to };
    }
    const others = waited() - before;
    if (slowest) slow.push({ ...slowest, own: Math.max(0, slowest.to - slowest.from - others) });
    if (count % (10 * SOME) === 0) await turn();
  }
  const { longestGc } = await watch.stop();
  const collecting = slow.map(({ from, to, own }) => Math.min(own, watch.collecting(from, to)));
  return {
    p999: all.percentile(99.9) / 1e6,
    max: Math.max(...slow.map(({ own }) => own)),
    withoutGc: Math.max(...slow.map(({ own }, index) => own - (collecting[index] ?? 0))),
    longestGc,
    over20: slow.filter(({ own }) => own > 20).length,
  };
}

function intoSessionup() {
  const store = memoryStore();
  return (/** @type {ReturnType<typeof recordOf>} */ record) =>
    void store.create(record, { now: record.createdAt, limit: LIMIT });
}

function intoMap() {
  const map = new Map();
  return (/** @type {ReturnType<typeof recordOf>} */ record) => void map.set(record.id, record);
}

/** The garbage of making it is collected, so that what is watched is its own. */
async function quiet() {
  globalThis.gc?.();
  await sleep(100);
}
