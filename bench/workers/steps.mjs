import { NodeExchange } from "../../dist/adapters/_node-exchange.js";
import { nodeSessions } from "../../dist/adapters/node.js";
import { Manager } from "../../dist/index.js";
import { admit } from "../../dist/policy/admission.js";
import { SessionView } from "../../dist/session.js";
import { memoryStore } from "../../dist/stores/memory.js";
import { readTokens } from "../../dist/wire/cookie.js";
import { equalHashes, hashOf, parseToken, TokenProof } from "../../dist/wire/token.js";
import { cookieHeader, cookiesOf, makeExchange } from "../exchange.mjs";
import { answerParent } from "../rounds.mjs";

/**
 * A worker: times each step of sessionup's `auth` by itself, in microseconds of CPU time, so that the next person sees
 * where the time goes. The steps are internals of the package: when those change, so does this file.
 */

const COUNT = 1_000;
const NEEDLE = "__Host-sessionup=";

const store = memoryStore();
const manager = new Manager(store);
const sessions = nodeSessions(manager);
const logins = [];
for (let index = 0; index < COUNT; index++) {
  const { response } = makeExchange(undefined);
  const { id } = await sessions.init(response, `user-${index}`);
  logins.push({
    header: cookieHeader(cookiesOf(response.getHeader("set-cookie"))),
    record: await store.fetchById(id),
  });
}

const from = logins[0]?.header.indexOf(NEEDLE) + NEEDLE.length;
const to = logins[0]?.header.indexOf(";", from);
// A text that was looked up or hashed once knows its hash: a request's is new each time, so they are cut afresh.
const freshTokens = () => logins.map(({ header }) => readTokens(header, NEEDLE, 2).tokens[0]);
// What a manager's defaults come to.
const DEFAULTS = { cookie: { base: "sessionup", formerBases: [] }, lifetime: { idleTimeout: undefined } };
const USE = { touch: true, rotate: true };
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
    name: "let it in: hash, compare, cookie's name, ends",
    inputs: () => {
      const tokens = freshTokens();
      return logins.map(({ record }, index) => ({ record, token: tokens[index] }));
    },
    step({ record, token }) {
      const admission = admit(record, new TokenProof(token), Date.now(), DEFAULTS);
      if (!admission.admitted) throw new Error("steps: a good token is not let in");
      return admission;
    },
  },
  {
    name: "make the session view",
    inputs: () => logins,
    step: ({ record }) => new SessionView(record, record.data, noMeta, true),
  },
  {
    name: "all of `authenticate`, with the objects and promises between",
    awaited: true,
    inputs: () =>
      logins.map(({ header }) => {
        const { request, response } = makeExchange(header);
        return new NodeExchange(request, response);
      }),
    async step(exchange) {
      const found = await manager.authenticate(exchange, USE);
      if (found.state !== "session") throw new Error("steps: a good cookie is not let in");
      return found;
    },
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
