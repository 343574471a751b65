import { NOBODY } from "../contenders/bare.mjs";
import { cookieHeader, makeExchange } from "../exchange.mjs";
import { answerParent } from "../rounds.mjs";
import { spreadOf } from "../statistics.mjs";

/**
 * A worker: runs one contender's middleware over requests of a thousand users, without a network, and tells the CPU
 * time that one takes, in microseconds.
 */

const USERS = 1_000;
/** So many requests are made, which is not timed, and then timed together. */
const CHUNK = 250;
/** So many of them are under way at a time, as in a server. */
const LANES = 16;

const [name] = process.argv.slice(2);
/** @type {import("../contenders/contender.d.ts").Contender} */
const contender = (await import(`../contenders/${name}.mjs`)).node();

const users = [];
for (let index = 0; index < USERS; index++) {
  const userKey = `user-${String(index).padStart(4, "0")}`;
  const exchange = makeExchange(undefined);
  await contender.login(exchange.request, exchange.response, userKey);
  await new Promise((resolve) => {
    exchange.onEnd = () => resolve(undefined);
    exchange.response.end();
  });
  const cookie = cookieHeader(exchange.response.getHeader("set-cookie"));
  users.push({ cookie, userKey: contender.authenticate ? userKey : NOBODY });
}

let turn = 0;

function nextUser() {
  turn = (turn + 1) % USERS;
  return users[turn] ?? { cookie: "", userKey: "" };
}

/**
 * The CPU time of a request until its handler runs, or until the response has ended too: some middlewares have more
 * to do then. The median of many chunks, since on a shared machine some of them meet with somebody else.
 */
async function measure({ chunks = 0, untilEnd = false }) {
  const samples = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const requests = Array.from({ length: CHUNK }, () => {
      const { cookie, userKey } = nextUser();
      return { exchange: makeExchange(cookie), userKey };
    });
    const before = process.cpuUsage();
    await serve(requests, untilEnd);
    const { user, system } = process.cpuUsage(before);
    samples.push((user + system) / CHUNK);
  }
  return spreadOf(samples).median;
}

/** Rejects when anybody is taken for somebody else. */
function serve(
  /** @type {{ exchange: ReturnType<typeof makeExchange>, userKey: string }[]} */ requests,
  /** @type {boolean} */ untilEnd,
) {
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const start = () => {
      const next = requests[started++];
      if (!next) return;
      const { exchange, userKey } = next;
      const { request, response } = exchange;
      const end = () => {
        if (++ended === CHUNK) resolve(undefined);
        else start();
      };
      exchange.onEnd = () => reject(new Error(`${name}: ${userKey} was refused`));
      const handle = (/** @type {unknown} */ error) => {
        if (error || contender.userKey(request, response) !== userKey) {
          reject(new Error(`${name}: ${userKey} was not known`, { cause: error }));
        } else if (untilEnd) {
          exchange.onEnd = end;
          response.end(userKey);
        } else end();
      };
      if (contender.authenticate) contender.authenticate(request, response, handle);
      else handle(undefined);
    };
    for (let lane = 0; lane < LANES; lane++) start();
  });
}

answerParent({ measure });
