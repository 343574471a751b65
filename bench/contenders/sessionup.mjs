import pg from "pg";
import { createClient } from "redis";
import { memoryStore } from "../../dist/stores/memory.js";
import { postgresStore } from "../../dist/stores/postgres.js";
import { redisStore } from "../../dist/stores/redis.js";
import { createContenders } from "./_sessionup.mjs";

const STORES = {
  memory: () => memoryStore(),
  redis: async (url) => redisStore(await createClient({ url }).connect()),
  async postgres(url) {
    const store = postgresStore(new pg.Pool({ connectionString: url }));
    await store.migrate();
    return store;
  },
};

export const { node, express, fastify, hono, koa } = createContenders(({ kind, url }) => STORES[kind](url));
