import autocannon from "autocannon";
import { NOBODY } from "./contenders/bare.mjs";
import { cookieHeader, HEADERS } from "./exchange.mjs";
import { Worker } from "./rounds.mjs";

const USERS_OF_EACH = 8;

/** A server in a process of its own, and the load on it, which comes from this one. */
export class Target {
  /** @type {Worker} */
  #server;
  #url = "";
  #contender;
  #connections;
  /** For each connection, what it sends in turn. @type {object[][]} */
  #requests = [];
  #wrong = 0;

  constructor(/** @type {string} */ framework, /** @type {string} */ contender, connections = 16) {
    this.#contender = contender;
    this.#connections = connections;
    this.#server = new Worker("workers/server.mjs", framework, contender);
  }

  /** Logs the users in. */
  async start() {
    this.#url = `http://127.0.0.1:${await this.#server.ask("port")}`;
    for (let connection = 0; connection < this.#connections; connection++) {
      const users = Array.from({ length: USERS_OF_EACH }, (_, index) => connection * USERS_OF_EACH + index);
      this.#requests.push(await Promise.all(users.map((user) => this.#login(user))));
    }
    return this;
  }

  async #login(/** @type {number} */ user) {
    const userKey = `user-${String(user).padStart(4, "0")}`;
    const response = await fetch(`${this.#url}/login/${userKey}`);
    await response.text();
    const cookie = cookieHeader(response.headers.get("set-cookie"));
    const expected = this.#contender === "bare" ? NOBODY : userKey;
    return {
      method: "GET",
      path: "/",
      headers: { ...HEADERS, cookie },
      onResponse: (/** @type {number} */ status, /** @type {string} */ body) => {
        if (status !== 200 || body !== expected) this.#wrong++;
      },
    };
  }

  /** Sends `amount` requests over connections that stay open; the server's CPU time for each, in microseconds. */
  async burst(/** @type {number} */ amount) {
    let connection = 0;
    const rest = stayAwake();
    const before = await this.#server.ask("cpu");
    const result = await autocannon({
      url: this.#url,
      connections: this.#connections,
      amount,
      // How often it looks whether all is done.
      sampleInt: 20,
      setupClient: (client) => client.setRequests(this.#requests[connection++ % this.#connections] ?? []),
    });
    const after = await this.#server.ask("cpu");
    rest();
    const failed = this.#wrong + result.errors + result.timeouts + result.non2xx;
    if (failed > 0 || result["2xx"] !== amount) {
      throw new Error(`${this.#contender}: ${failed} of ${amount} answers were wrong, ${result["2xx"]} came`);
    }
    return (after - before) / amount;
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
