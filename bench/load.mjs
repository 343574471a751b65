import autocannon from "autocannon";
import { check, logIn } from "./check.mjs";
import { NOBODY } from "./contenders/bare.mjs";
import { cookieHeader, HEADERS } from "./exchange.mjs";
import { Worker } from "./rounds.mjs";

/** @typedef {import("./contenders/contender.d.ts").Database} Database */

const IN_MEMORY = { kind: "memory", url: "" };

/** A server in a process of its own, which has shown that it does its job, and the load on it, which comes from this one. */
export class Target {
  #name;
  #bare;
  /** @type {Worker} */
  #server;
  #url = "";
  /** For each connection, what it sends in turn. @type {object[][]} */
  #requests = [];
  #wrong = 0;

  /**
   * @param {string} framework
   * @param {string} contender  its file; `bare again` is bare's, too
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

  /** What the worker answers to that, without a network. */
  ask(/** @type {string} */ question, /** @type {unknown} */ value) {
    return this.#server.ask(question, value);
  }

  /** So many users, logged in: their Cookie headers, and who the handler has to take them for. */
  async logins(/** @type {number} */ count) {
    const logins = [];
    for (let index = 0; index < count; index++) {
      const userKey = `user-${String(index).padStart(4, "0")}`;
      const cookie = cookieHeader(await logIn(this.#url, userKey));
      logins.push({ cookie, userKey: this.#bare ? NOBODY : userKey });
    }
    return logins;
  }

  /** Opens no connection yet: each of so many has so many users, who take turns. */
  async prepare(/** @type {number} */ connections, /** @type {number} */ usersOfEach) {
    const logins = await this.logins(connections * usersOfEach);
    const requests = logins.map(({ cookie, userKey }) => ({
      method: "GET",
      path: "/",
      headers: { ...HEADERS, cookie },
      onResponse: (/** @type {number} */ status, /** @type {string} */ body) => {
        if (status !== 200 || body !== userKey) this.#wrong++;
      },
    }));
    for (let index = 0; index < connections; index++) {
      this.#requests.push(requests.slice(index * usersOfEach, (index + 1) * usersOfEach));
    }
    return this;
  }

  /** Sends requests for so many seconds. Several servers can get warm side by side. */
  async warmUp(/** @type {number} */ duration) {
    await autocannon({ ...this.#load(), duration });
  }

  /** Sends `amount` requests over connections that stay open; the server's CPU time for each, in microseconds. */
  async burst(/** @type {number} */ amount) {
    const rest = stayAwake();
    const before = await this.#server.ask("cpu");
    const result = await autocannon({ ...this.#load(), amount });
    const after = await this.#server.ask("cpu");
    rest();
    const failed = this.#wrong + result.errors + result.timeouts + result.non2xx;
    if (failed > 0 || result["2xx"] !== amount) {
      throw new Error(`${this.#name}: ${failed} of ${amount} answers were wrong, ${result["2xx"]} came`);
    }
    return (after - before) / amount;
  }

  #load() {
    let connection = 0;
    return {
      url: this.#url,
      connections: this.#requests.length,
      // How often it looks whether all is done, in milliseconds.
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
 * Keeps this process from sleeping until the function it gives is called. A load that sleeps whenever it is faster than
 * the server must be woken by the server's writes: that would cost the slower contenders more than what is measured.
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
