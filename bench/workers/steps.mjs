import { nodeSessions } from "../../dist/adapters/node.js";
import { NodeExchange } from "../../dist/adapters/shared/node-exchange.js";
import { readTokens } from "../../dist/cookie/cookie-header.js";
import { hashText, hashToken, parseToken } from "../../dist/cookie/token.js";
import { Manager } from "../../dist/index.js";
import { authenticate } from "../../dist/lifecycle/authenticate.js";
import { getLifecycle } from "../../dist/lifecycle/lifecycle.js";
import { SessionView } from "../../dist/lifecycle/session-view.js";
import { areHashesEqual } from "../../dist/rules/are-hashes-equal.js";
import { verifyToken } from "../../dist/rules/verify-token.js";
import { memoryStore } from "../../dist/stores/memory.js";
import { cookieHeader, cookiesOf, makeExchange } from "../exchange.mjs";
import { answerParent } from "../rounds.mjs";

/**
 * A worker that times each step of sessionup's `auth` separately, in microseconds of CPU time. It shows where the time goes. The
 * steps are internals of the package, so this file changes with them.
 */

const COUNT = 1_000;
const NEEDLE = "__Host-sessionup=";

const store = memoryStore();
const manager = new Manager(store);
const lifecycle = getLifecycle(manager);
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
// V8 caches the hash of a string after its first lookup. Each request has new strings, so parse new ones here too.
const freshTokens = () => logins.map(({ header }) => readTokens(header, NEEDLE, 2).tokens[0]);
// A manager's default options.
const DEFAULTS = { cookie: { base: "sessionup", previous: undefined }, lifetime: { idleTimeout: undefined } };
// Without touch: a write would be due after a minute.
const USE = { touch: false, rotate: true };
const noMeta = { ok: true, value: undefined };

/** @type {{ name: string, awaited?: boolean, inputs: () => readonly any[], step: (input: any) => unknown }[]} */
const STEPS = [
  {
    name: "find the cookie in the header and parse its token",
    inputs: () => logins,
    step: ({ header }) => readTokens(header, NEEDLE, 2),
  },
  {
    name: "of that: parse the token",
    inputs: () => logins,
    step: ({ header }) => parseToken(header, from, to),
  },
  {
    name: "read from the store",
    inputs: freshTokens,
    step: ({ id }) => store.fetchById(id),
  },
  {
    name: "for comparison: await an async function that does nothing",
    awaited: true,
    inputs: () => logins,
    step: async () => undefined,
  },
  { name: "hash the secret", inputs: freshTokens, step: ({ secret }) => hashText(secret) },
  {
    name: "compare two hashes in constant time",
    inputs: () => logins.map(({ record }, at) => [record, logins[(at + 1) % COUNT]?.record]),
    step: ([one, other]) => areHashesEqual(one.data.secret, other.data.secret),
  },
  {
    name: "verify the token: hash, comparison, cookie name, expiry",
    inputs: () => {
      const tokens = freshTokens();
      return logins.map(({ record }, index) => ({ record, token: tokens[index] }));
    },
    step({ record, token }) {
      const verdict = verifyToken(record, hashToken(token), Date.now(), DEFAULTS);
      if (!verdict.admitted) throw new Error("steps: a valid token was rejected");
      return verdict;
    },
  },
  {
    name: "create the session view",
    inputs: () => logins,
    step: ({ record }) => new SessionView(lifecycle, record, record.data, noMeta, true, Date.now()),
  },
  {
    name: "all of `authenticate`, including its objects",
    inputs: () =>
      logins.map(({ header }) => {
        const { request, response } = makeExchange(header);
        return new NodeExchange(request, response);
      }),
    step(exchange) {
      const found = authenticate(lifecycle, exchange, USE);
      if (found.state !== "session") throw new Error("steps: a valid cookie was rejected");
      return found;
    },
  },
];

/** Keeps the result of a step. Otherwise the compiler could remove the step. */
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
