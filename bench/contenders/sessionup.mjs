import pg from "pg";
import { createClient } from "redis";
import { expressSessions } from "../../dist/adapters/express.js";
import { fastifySessions } from "../../dist/adapters/fastify.js";
import { honoSessions } from "../../dist/adapters/hono.js";
import { koaSessions } from "../../dist/adapters/koa.js";
import { nodeSessions } from "../../dist/adapters/node.js";
import { Manager } from "../../dist/index.js";
import { memoryStore } from "../../dist/stores/memory.js";
import { postgresStore } from "../../dist/stores/postgres.js";
import { redisStore } from "../../dist/stores/redis.js";

/** Set up as in the README, with the default of every option. */

const STORES = {
  memory: () => memoryStore(),
  redis: async (url) => redisStore(await createClient({ url }).connect()),
  async postgres(url) {
    const store = postgresStore(new pg.Pool({ connectionString: url }));
    await store.migrate();
    return store;
  },
};

/** Creates the contender for a framework. `toContext` picks the object that the adapter takes as the context. */
const createContender = (adapter, toContext) => async (database) => {
  const sessions = adapter(new Manager(await STORES[database.kind](database.url)));
  return {
    guard: sessions.auth(),
    userKey: (request, response) => sessions.current(toContext(request, response))?.userKey,
    async login(userKey, request, response) {
      await sessions.init(toContext(request, response), userKey);
    },
    logout: (request, response) => sessions.revoke(toContext(request, response)),
    list: async (request, response) => (await sessions.fetchAll(toContext(request, response))).length,
    revokeOthers: (request, response) => sessions.revokeOther(toContext(request, response)),
  };
};

const first = (context) => context;
const second = (_request, response) => response;

export const node = createContender(nodeSessions, second);
export const express = createContender(expressSessions, first);
export const fastify = createContender(fastifySessions, second);
export const hono = createContender(honoSessions, first);
export const koa = createContender(koaSessions, first);
