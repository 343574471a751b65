import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startPostgres } from "../test/support/servers/postgres.ts";
import { startRedis } from "../test/support/servers/redis.ts";
import { growth, growthText } from "./growth.mjs";
import { Target } from "./load.mjs";
import { environment, environmentText, httpText, inProcessText, stepsText } from "./report.mjs";
import { alternate, Worker } from "./rounds.mjs";

/** `node bench/run.mjs [--quick] [--only in-process|steps|node|express|redis|postgres|growth]... [--store NAME]... [--out FILE]` */

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    out: { type: "string" },
    store: { type: "string", multiple: true },
  },
});
if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
  throw new Error("bench: the package is not built; `npm run build` in its root makes dist/");
}

const started = environment();
/** @type {Record<string, import("./report.mjs").Samples>} */
const results = {};
const wanted = (/** @type {string} */ part) => !values.only || values.only.includes(part);
console.log(`# sessionup: what an authenticated request costs\n\n${environmentText(started)}`);

if (wanted("in-process")) {
  const samples = await inProcess(
    values.quick
      ? { generations: 2, warmUps: 12, rounds: 9, chunks: 8 }
      : { generations: 4, warmUps: 20, rounds: 25, chunks: 12 },
  );
  results["in-process"] = samples;
  console.log(`\n${inProcessText(samples)}`);
}

if (wanted("steps")) {
  const samples = await steps(
    values.quick
      ? { generations: 1, warmUps: 100, rounds: 50 }
      : { generations: 3, warmUps: 100, rounds: 50 },
  );
  results.steps = samples;
  console.log(`\n${stepsText(samples)}`);
}

if (wanted("node")) {
  const samples = await overHttp(
    "node",
    ["bare", "bare again", "floor", "sessionup"],
    values.quick
      ? { generations: 2, warmUps: 12, rounds: 8, requests: 1_500 }
      : { generations: 4, warmUps: 20, rounds: 30, requests: 1_500 },
  );
  results.node = samples;
  console.log(`\n${httpText("node:http", samples)}`);
}

if (wanted("express")) {
  const samples = await overHttp(
    "express",
    ["bare", "bare again", "sessionup", "express-session"],
    values.quick
      ? { generations: 2, warmUps: 10, rounds: 8, requests: 750 }
      : { generations: 4, warmUps: 15, rounds: 25, requests: 1_000 },
  );
  results.express = samples;
  console.log(`\n${httpText("Express", samples)}`);
}

if (wanted("redis")) {
  const samples = await overStore("redis", startRedis, 16);
  results.redis = samples;
  console.log(`\n${httpText("node:http, sessions in Redis", samples)}`);
}

if (wanted("postgres")) {
  const samples = await overStore("postgres", startPostgres, 64);
  results.postgres = samples;
  console.log(`\n${httpText("node:http at 64 connections, sessions in PostgreSQL", samples)}`);
}

if (wanted("growth")) {
  const sizes = values.quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000];
  results.growth = await growth(sizes, values.store);
  console.log(`\n${growthText(results.growth)}`);
}

if (values.out) writeFileSync(values.out, `${JSON.stringify({ ...started, results }, null, 2)}\n`);

function inProcess({ generations = 0, warmUps = 0, rounds = 0, chunks = 0 }) {
  return alternate({
    contenders: ["bare", "floor", "sessionup", "express-session"],
    generations,
    warmUps,
    rounds,
    start: async (contender) => new Worker("in-process.mjs", contender),
    measure: async (worker) => ({
      auth: await worker.ask("measure", { chunks, untilEnd: false }),
      whole: await worker.ask("measure", { chunks, untilEnd: true }),
    }),
    stop: (worker) => worker.stop(),
  });
}

function steps({ generations = 0, warmUps = 0, rounds = 0 }) {
  return alternate({
    contenders: ["steps"],
    generations,
    warmUps,
    rounds,
    start: async () => new Worker("steps.mjs"),
    measure: (worker) => worker.ask("measure"),
    stop: (worker) => worker.stop(),
  });
}

/** Over HTTP, with the sessions of all contenders in one server of a database. */
async function overStore(
  /** @type {string} */ store,
  /** @type {() => Promise<{ url: string, stop(): Promise<void> }>} */ startServer,
  /** @type {number} */ connections,
) {
  const database = await startServer();
  process.env.BENCH_DATABASE = database.url;
  try {
    return await overHttp("node", ["bare", "bare again", "floor", "sessionup", "express-session"], {
      ...(values.quick
        ? { generations: 1, warmUps: 10, rounds: 9, requests: 1_000 }
        : { generations: 4, warmUps: 20, rounds: 25, requests: 1_500 }),
      connections,
      store,
    });
  } finally {
    await database.stop();
  }
}

/** The bare handler runs twice, in two processes: what differs between those two is the error of all the others. */
function overHttp(
  /** @type {string} */ framework,
  /** @type {readonly string[]} */ contenders,
  { generations = 0, warmUps = 0, rounds = 0, requests = 0, connections = 16, store = "" },
) {
  const fileOf = (/** @type {string} */ contender) => {
    const name = contender.replace(" again", "");
    return store && name !== "bare" ? `${store}-${name}` : name;
  };
  return alternate({
    contenders,
    generations,
    warmUps,
    rounds,
    start: (contender) => new Target(framework, fileOf(contender), connections).start(),
    measure: async (target) => ({ cpu: await target.burst(requests) }),
    stop: (target) => target.stop(),
  });
}
