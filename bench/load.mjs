import autocannon from "autocannon";
import { check, logIn } from "./check.mjs";
import { BARE_USER } from "./contenders/bare.mjs";
import { cookieHeader, HEADERS } from "./exchange.mjs";
import { Worker } from "./rounds.mjs";

/** @typedef {import("./contenders/contender.d.ts").Database} Database */

const IN_MEMORY = { kind: "memory", url: "" };

/** A server in a separate process, checked for correctness, and the load that this process puts on it. */
export class Target {
  #name;
  #bare;
  /** @type {Worker} */
  #server;
  #url = "";
  /** The requests of each connection, sent in turn. @type {object[][]} */
  #requests = [];
  #wrong = 0;

  /**
   * @param {string} framework
   * @param {string} contender  the name of its file; `bare again` is a second `bare`
   * @param {Database} [database]
   */
  constructor(framework, contender, database = /** @type {Database} */ (IN_MEMORY)) {
    const file = contender.replace(" again", "");
    this.#name = `${contender} on ${framework}, ${database.kind}`;
    this.#bare = file === "bare";
    this.#server = new Worker("workers/server.mjs", framework, file, database.kind, database.url);
  }

  async start() {
    this.#url = `http://127.0.0.1:${await this.#server.ask("port")}`;
    if (!this.#bare) await check(this.#url, this.#name, await this.facts());
    return this;
  }

  /** @returns {Promise<import("./check.mjs").Facts>} */
  facts() {
    return this.#server.ask("facts");
  }

  /** Asks the worker a question over its IPC channel, without the network. */
  ask(/** @type {string} */ question, /** @type {unknown} */ value) {
    return this.#server.ask(question, value);
  }

  /** Logs users in. Returns each Cookie header with the user key that the handler must return for it. */
  async logins(/** @type {number} */ count) {
    const logins = [];
    for (let index = 0; index < count; index++) {
      const userKey = `user-${String(index).padStart(4, "0")}`;
      const cookie = cookieHeader(await logIn(this.#url, userKey));
      logins.push({ cookie, userKey: this.#bare ? BARE_USER : userKey });
    }
    return logins;
  }

  /** Logs in the users of each connection, who take turns. Opens no connection yet. */
  async prepare(/** @type {number} */ connections, /** @type {number} */ usersEach) {
    const logins = await this.logins(connections * usersEach);
    const requests = logins.map(({ cookie, userKey }) => ({
      method: "GET",
      path: "/",
      headers: { ...HEADERS, cookie },
      onResponse: (/** @type {number} */ status, /** @type {string} */ body) => {
        if (status !== 200 || body !== userKey) this.#wrong++;
      },
    }));
    for (let index = 0; index < connections; index++) {
      this.#requests.push(requests.slice(index * usersEach, (index + 1) * usersEach));
    }
    return this;
  }

  /** Sends requests for `duration` seconds. Several servers can warm up at the same time. */
  async warmUp(/** @type {number} */ duration) {
    await autocannon({ ...this.#load(), duration });
  }

  /** Sends `amount` requests over keep-alive connections. Returns the server's CPU time per request in microseconds. */
  async burst(/** @type {number} */ amount) {
    const rest = stayAwake();
    const before = await this.#server.ask("cpu");
    const result = await autocannon({ ...this.#load(), amount });
    const after = await this.#server.ask("cpu");
    rest();
    const failed = this.#wrong + result.errors + result.timeouts + result.non2xx;
    if (failed > 0 || result["2xx"] !== amount) {
      throw new Error(`${this.#name}: ${failed} of ${amount} responses were wrong, ${result["2xx"]} arrived`);
    }
    return (after - before) / amount;
  }

  #load() {
    let connection = 0;
    return {
      url: this.#url,
      connections: this.#requests.length,
      // How often autocannon checks whether it is done, in milliseconds.
      sampleInt: 20,
      setupClient: (/** @type {import("autocannon").Client} */ client) =>
        client.setRequests(this.#requests[connection++ % this.#requests.length] ?? []),
    };
  }

  stop() {
    return this.#server.stop();
  }
}

/**
 * Keeps this process awake until the returned function is called. A load generator sleeps whenever it is faster than the server,
 * and the server's writes have to wake it. Waking costs the slower contenders more than the measured difference.
 */
function stayAwake() {
  let awake = true;
  const turn = () => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => {
    awake = false;
  };
}
