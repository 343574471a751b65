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

/** As its README shows it: every option at its default. */

const STORES = {
  memory: () => memoryStore(),
  redis: async (url) => redisStore(await createClient({ url }).connect()),
  async postgres(url) {
    const store = postgresStore(new pg.Pool({ connectionString: url }));
    await store.migrate();
    return store;
  },
};

/** The same for all frameworks, but for which of a request's objects stands for it. */
const contenderOf = (adapter, contextOf) => async (database) => {
  const sessions = adapter(new Manager(await STORES[database.kind](database.url)));
  return {
    guard: sessions.auth(),
    userKey: (request, response) => sessions.current(contextOf(request, response))?.userKey,
    async login(userKey, request, response) {
      await sessions.init(contextOf(request, response), userKey);
    },
    logout: (request, response) => sessions.revoke(contextOf(request, response)),
    list: async (request, response) => (await sessions.fetchAll(contextOf(request, response))).length,
    revokeOthers: (request, response) => sessions.revokeOther(contextOf(request, response)),
  };
};

const first = (context) => context;
const second = (_request, response) => response;

export const node = contenderOf(nodeSessions, second);
export const express = contenderOf(expressSessions, first);
export const fastify = contenderOf(fastifySessions, second);
export const hono = contenderOf(honoSessions, first);
export const koa = contenderOf(koaSessions, first);
