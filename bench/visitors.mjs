import { randomInt } from "node:crypto";
import { createSessions, Manager } from "../dist/index.js";

/** Logins through sessionup's core without a network, from many addresses and with current browsers. */

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
];

/** A request and its response without HTTP. Implements `Exchange`, the port that an adapter implements. */
export class Visit {
  #agent = AGENTS[randomInt(AGENTS.length)];
  #address = `${randomInt(1, 224)}.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
  #cookie = "";

  method = () => "POST";
  peerAddress = () => this.#address;
  blocked = () => undefined;
  setHeader = () => undefined;

  header(/** @type {string} */ name) {
    if (name === "user-agent") return this.#agent;
    return name === "cookie" && this.#cookie !== "" ? this.#cookie : undefined;
  }

  setCookie(/** @type {import("../dist/index.js").SetCookie} */ { name, value }) {
    this.#cookie = `${name}=${value}`;
  }

  /** Returns the next request of the same browser. */
  next() {
    const visit = new Visit();
    visit.#cookie = this.#cookie;
    return visit;
  }
}

/**
 * Creates the session methods over a store, with visits as the context.
 *
 * @param {import("../dist/index.js").Store} store
 * @param {import("../dist/index.js").ManagerOptions} [options]
 */
export function createVisitSessions(store, options = {}) {
  return createSessions(new Manager(store, options), (visit) => /** @type {Visit} */ (visit)).methods;
}

/** Returns a function that creates records exactly as the core does, for databases that are filled without logins. */
export function createRecordMaker(/** @type {import("../dist/index.js").ManagerOptions} */ options = {}) {
  /** @type {import("../dist/index.js").SessionRecord | undefined} */
  let last;
  const recorder = /** @type {any} */ ({
    create: async (/** @type {import("../dist/index.js").SessionRecord} */ record) => {
      last = record;
      return { evicted: [] };
    },
  });
  for (const name of ["fetchById", "fetchByIds", "fetchByUserKey", "update", "deleteById", "deleteByUserKey"])
    recorder[name] = async () => undefined;
  const sessions = createVisitSessions(recorder, options);
  return async (/** @type {string} */ userKey) => {
    await sessions.init(new Visit(), userKey);
    if (!last) throw new Error("the core did not create a record");
    return last;
  };
}
