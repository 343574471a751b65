import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import session from "express-session";
import memorystore from "memorystore";
import { memoryStore } from "../../dist/stores/memory.js";
import { readTask } from "../child.mjs";
import { createRecord } from "../records.mjs";
import { processorWait, Watch } from "../watch.mjs";

/** Measures event-loop stalls in a process with many sessions, in milliseconds. */

const DAY = 86_400_000;
const SLACK = 60_000;
/** The number of inserts per group. The slowest of each group is recorded. */
const GROUP = 100;
const NOW = Date.now();
const LIMIT = { max: 1_000_000, onExceed: /** @type {const} */ ("evict-oldest") };

const { what, store: contender, sessions, own } = readTask();
const answer = await { idle, expire, revoke, grow }[/** @type {"idle"} */ (what)]();
console.log(JSON.stringify(answer));
process.exit();

/** Measures the stalls of the machine itself. */
async function idle() {
  const watch = new Watch().start();
  await sleep(2_000);
  return watch.stop();
}

/** A tenth of the sessions expires at the same moment. */
async function expire() {
  return contender === "sessionup" ? expireInSessionup() : expireInMemorystore();
}

async function expireInSessionup() {
  const store = memoryStore();
  const now = Date.now();
  const expired = [];
  for (let count = 0; count < sessions; count++) {
    const record = createRecord(`user-${Math.floor(count / 3)}`, now);
    if (count % 10 === 0) {
      record.expiresAt = record.deadline = now + DAY / 2;
      expired.push(record.id);
    }
    await store.create(record, { now });
    if (count % 10_000 === 0) await turn();
  }
  await quiet();
  const watch = new Watch().start();
  // A store has no clock. It uses the latest `now` that it was given.
  await store.fetchByUserKey("any-user", { now: now + DAY / 2 + SLACK, limit: 1 });
  const last = expired.filter((_, index) => index % Math.ceil(expired.length / 100) === 0);
  while ((await store.fetchByIds(last)).some(Boolean)) await sleep(50);
  const answer = await watch.stop();
  if ((await store.fetchByIds(expired)).some(Boolean)) throw new Error("some expired sessions still exist");
  const living = await store.fetchByUserKey("user-1", { now: now + DAY / 2, limit: 10 });
  if (living.length !== 3) throw new Error("a live session is missing");
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
  if (Date.now() > soon) throw new Error("filling took longer than the lifetime of the sessions");
  await sleep(Math.max(0, soon + 100 - Date.now()));
  await quiet();
  const watch = new Watch().start();
  await sleep(20);
  // The method that its timer calls.
  store.prune();
  const left = await new Promise((resolve) => store.length((_error, length) => resolve(length)));
  if (left !== sessions - Math.ceil(sessions / 10)) throw new Error(`memorystore holds ${left}`);
  await sleep(20);
  return watch.stop();
}

/** All sessions of one user are revoked, among many sessions of other users. */
async function revoke() {
  const store = memoryStore();
  const now = Date.now();
  const every = Math.floor(sessions / own);
  for (let count = 0; count < sessions; count++) {
    const userKey = count % every === 0 ? "busy" : `user-${Math.floor(count / 3)}`;
    await store.create(createRecord(userKey, now), { now });
    if (count % 10_000 === 0) await turn();
  }
  await quiet();
  const watch = new Watch().start();
  await sleep(20);
  const start = performance.now();
  const startWait = processorWait();
  const ended = await store.deleteByUserKey("busy", { reason: "revoked", now });
  const call = performance.now() - start - (processorWait() - startWait);
  // Wait until cleanup has removed the ended sessions.
  await sleep(1_000 + own / 50);
  const answer = await watch.stop();
  if (ended.length !== Math.ceil(sessions / every)) throw new Error(`${ended.length} sessions ended`);
  if ((await store.fetchByIds(ended)).some(Boolean)) throw new Error("an ended session still exists");
  return { ...answer, call };
}

/** Times each single insert until the store holds all sessions. */
async function grow() {
  const insert = contender === "sessionup" ? intoSessionup() : intoMap();
  const all = createHistogram();
  /** @type {{ from: number, to: number, own: number }[]} */
  const slow = [];
  const watch = new Watch().start();
  for (let count = 0; count < sessions; count += GROUP) {
    const records = Array.from({ length: GROUP }, (_, index) =>
      createRecord(`user-${Math.floor((count + index) / 3)}`, NOW, "aa"),
    );
    /** @type {{ from: number, to: number } | undefined} */
    let slowest;
    const before = processorWait();
    for (const record of records) {
      const from = performance.now();
      insert(record);
      const to = performance.now();
      all.record(Math.max(1, Math.round((to - from) * 1e6)));
      if (!slowest || to - from > slowest.to - slowest.from) slowest = { from, to };
    }
    const others = processorWait() - before;
    if (slowest) slow.push({ ...slowest, own: Math.max(0, slowest.to - slowest.from - others) });
    if (count % (10 * GROUP) === 0) await turn();
  }
  const { longestGc } = await watch.stop();
  const collecting = slow.map(({ from, to, own }) => Math.min(own, watch.gcTime(from, to)));
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
  return (/** @type {ReturnType<typeof createRecord>} */ record) =>
    void store.create(record, { now: record.createdAt, limit: LIMIT });
}

function intoMap() {
  const map = new Map();
  return (/** @type {ReturnType<typeof createRecord>} */ record) => void map.set(record.id, record);
}

/** Collects the garbage of the setup, so that it does not count. */
async function quiet() {
  globalThis.gc?.();
  await sleep(100);
}
