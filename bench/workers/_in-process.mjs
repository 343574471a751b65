import { makeExchange } from "../exchange.mjs";
import { spreadOf } from "../statistics.mjs";

/** The number of requests that are prepared without timing and then timed together. */
const CHUNK = 250;
/** The number of concurrent requests, as in a server. */
const LANES = 16;

/** @typedef {{ cookie: string, userKey: string }} Login */

/**
 * Sends requests to a listener without a network.
 *
 * @param {(request: any, response: any) => unknown} listener
 */
export function inProcess(listener) {
  let turn = 0;

  return {
    /**
     * Returns the CPU time of a request until its response has ended, in microseconds. It is the median of many chunks, because
     * other programs disturb some of them on a shared machine.
     */
    async measure(/** @type {{ chunks: number, logins: readonly Login[] }} */ { chunks, logins }) {
      const samples = [];
      for (let chunk = 0; chunk < chunks; chunk++) {
        const requests = Array.from({ length: CHUNK }, () => {
          const { cookie, userKey } = /** @type {Login} */ (logins[turn++ % logins.length]);
          return { exchange: makeExchange(cookie), userKey };
        });
        const before = process.cpuUsage();
        await serve(requests);
        const { user, system } = process.cpuUsage(before);
        samples.push((user + system) / CHUNK);
      }
      return spreadOf(samples).median;
    },

    /** Sends a single request. Returns its duration in microseconds and the response. */
    operate: (/** @type {{ path: string, cookie?: string }} */ { path, cookie }) =>
      new Promise((resolve) => {
        const exchange = makeExchange(cookie, path);
        exchange.onEnd = () => {
          const micros = (performance.now() - start) * 1_000;
          const { response, body } = exchange;
          resolve({ micros, status: response.statusCode, body, setCookie: response.getHeader("set-cookie") });
        };
        const start = performance.now();
        listener(exchange.request, exchange.response);
      }),
  };

  /** Rejects when a request is authenticated as another user. */
  function serve(/** @type {{ exchange: ReturnType<typeof makeExchange>, userKey: string }[]} */ requests) {
    return new Promise((resolve, reject) => {
      let started = 0;
      let ended = 0;
      let isStarting = false;
      /** A loop, because a response may end before the listener returns: requests inside of one another would fill the stack. */
      const start = () => {
        if (isStarting) return;
        isStarting = true;
        while (started < CHUNK && started - ended < LANES) send(requests[started++]);
        isStarting = false;
      };
      const send = (/** @type {any} */ { exchange, userKey }) => {
        exchange.onEnd = () => {
          const { statusCode } = exchange.response;
          if (statusCode !== 200 || exchange.body !== userKey) {
            reject(new Error(`${userKey} got ${statusCode} "${exchange.body}"`));
          } else if (++ended === CHUNK) resolve(undefined);
          else start();
        };
        listener(exchange.request, exchange.response);
      };
      start();
    });
  }
}
