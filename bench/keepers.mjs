import { randomBytes, randomUUID } from "node:crypto";
import session from "express-session";
import { MemoryStore as HonoMemoryStore } from "hono-sessions";
import memorystore from "memorystore";
import { memoryStore } from "../dist/stores/memory.js";
import { createVisitSessions, Visit } from "./visitors.mjs";

/**
 * The libraries that keep sessions in memory. Each `login` stores a session as the library's middleware does after a login, with
 * the user only. sessionup also keeps the browser and the address, unless these are disabled.
 *
 * @typedef {object} Keeper
 * @property {(userKey: string) => Promise<unknown>} login  returns the argument for `holds`
 * @property {(login: any, userKey: string) => Promise<boolean>} holds  whether the session exists and belongs to the user
 */

const DAY = 86_400_000;

/** @type {Record<string, () => Keeper>} */
export const KEEPERS = {
  sessionup: () => sessionup({}),
  "sessionup, without browser and address": () => sessionup({ client: { ip: false, agent: false } }),
  "express-session MemoryStore": () => overExpress(new session.MemoryStore()),
  memorystore: () => overExpress(new (memorystore(session))({ checkPeriod: DAY })),

  "hono-sessions"() {
    const store = new HonoMemoryStore();
    return {
      async login(userKey) {
        const id = randomUUID();
        store.createSession(id, { _data: {}, _expire: null, _delete: false, _accessed: null, _id: id });
        const now = new Date();
        store.persistSessionData(id, {
          _data: { user: { value: userKey, flash: false } },
          _expire: new Date(now.getTime() + DAY).toISOString(),
          _delete: false,
          _accessed: now.toISOString(),
          _id: id,
        });
        return id;
      },
      holds: async (id, userKey) => store.getSessionById(id)._data.user.value === userKey,
    };
  },

  "hand-written Map, with a Set for each user"() {
    const byId = new Map();
    const byUser = new Map();
    return {
      async login(userKey) {
        const id = randomBytes(24).toString("base64url");
        const record = { id, userKey, createdAt: Date.now(), expiresAt: Date.now() + DAY };
        byId.set(id, record);
        const own = byUser.get(userKey);
        if (own) own.add(record);
        else byUser.set(userKey, new Set([record]));
        return id;
      },
      holds: async (id, userKey) => byId.get(id).userKey === userKey,
    };
  },
};

function sessionup(/** @type {import("../dist/index.js").ManagerOptions} */ options) {
  const sessions = createVisitSessions(memoryStore(), options);
  return {
    async login(/** @type {string} */ userKey) {
      const visit = new Visit();
      await sessions.init(visit, userKey);
      return visit;
    },
    holds: async (/** @type {Visit} */ visit, /** @type {string} */ userKey) =>
      (await sessions.get(visit.next()))?.userKey === userKey,
  };
}

function overExpress(/** @type {import("express-session").Store} */ store) {
  return {
    login(/** @type {string} */ userKey) {
      const id = randomBytes(24).toString("base64url");
      const cookie = new session.Cookie({ maxAge: DAY });
      return new Promise((resolve, reject) => {
        const kept = /** @type {any} */ ({ cookie, user: userKey });
        store.set(id, kept, (error) => (error ? reject(error) : resolve(id)));
      });
    },
    holds: (/** @type {string} */ id, /** @type {string} */ userKey) =>
      new Promise((resolve, reject) => {
        store.get(id, (error, found) =>
          error ? reject(error) : resolve(/** @type {any} */ (found)?.user === userKey),
        );
      }),
  };
}
