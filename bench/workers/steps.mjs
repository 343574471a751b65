import { nodeSessions } from "../../dist/adapters/node.js";
import { Manager } from "../../dist/index.js";
import { SessionView } from "../../dist/session.js";
import { memoryStore } from "../../dist/stores/memory.js";
import { readTokens } from "../../dist/wire/cookie.js";
import { equalHashes, hashOf, parseToken } from "../../dist/wire/token.js";
import { cookieHeader, makeExchange } from "../exchange.mjs";
import { answerParent } from "../rounds.mjs";

/**
 * A worker: times each step of sessionup's `auth` by itself, in microseconds of CPU time, so that the next person sees
 * where the time goes. The steps are internals of the package: when those change, so does this file.
 */

const COUNT = 1_000;
const NEEDLE = "__Host-sessionup=";

const store = memoryStore();
const sessions = nodeSessions(new Manager(store));
const logins = [];
for (let index = 0; index < COUNT; index++) {
  const { response } = makeExchange(undefined);
  const { id } = await sessions.init(response, `user-${index}`);
  logins.push({
    header: cookieHeader(response.getHeader("set-cookie")),
    record: await store.fetchById(id),
  });
}

const from = logins[0]?.header.indexOf(NEEDLE) + NEEDLE.length;
const to = logins[0]?.header.indexOf(";", from);
// A text that was looked up or hashed once knows its hash: a request's is new each time, so they are cut afresh.
const freshTokens = () => logins.map(({ header }) => readTokens(header, NEEDLE, 2).tokens[0]);
const noMeta = { ok: true, value: undefined };

/** @type {{ name: string, awaited?: boolean, inputs: () => readonly any[], step: (input: any) => unknown }[]} */
const STEPS = [
  {
    name: "find the cookie in the header and parse its token",
    inputs: () => logins,
    step: ({ header }) => readTokens(header, NEEDLE, 2),
  },
  {
    name: "of which: parse the token",
    inputs: () => logins,
    step: ({ header }) => parseToken(header, from, to),
  },
  {
    name: "read from the store, awaited",
    awaited: true,
    inputs: freshTokens,
    step: ({ id }) => store.fetchById(id),
  },
  {
    name: "for comparison: await an async function that does nothing",
    awaited: true,
    inputs: () => logins,
    step: async () => undefined,
  },
  { name: "hash the secret", inputs: freshTokens, step: ({ secret }) => hashOf(secret) },
  {
    name: "compare two hashes in constant time",
    inputs: () => logins,
    step: ({ record }) => equalHashes(record.data.secret, record.data.root),
  },
  {
    name: "make the session view",
    inputs: () => logins,
    step: ({ record }) => new SessionView(record, record.data, noMeta, true),
  },
];

/** Where what a step makes is left: else the compiler would leave the step out. */
let kept;

async function time(/** @type {(typeof STEPS)[number]} */ { awaited, inputs, step }) {
  const given = inputs();
  const before = process.cpuUsage();
  if (awaited) for (const input of given) kept = await step(input);
  else for (const input of given) kept = step(input);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / given.length;
}

answerParent({
  async measure() {
    /** @type {Record<string, number>} */
    const figures = {};
    for (const step of STEPS) figures[step.name] = await time(step);
    return kept === figures ? {} : figures;
  },
});
