import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import session from "express-session";
import pg from "pg";
import { createClient } from "redis";
import { expressSession } from "./_express-session.mjs";

/** With its MemoryStore, with connect-redis, with connect-pg-simple. */
const STORES = {
  memory: () => undefined,
  redis: async (url) => new RedisStore({ client: await createClient({ url }).connect() }),
  postgres(url) {
    const PgStore = connectPgSimple(session);
    return new PgStore({
      pool: new pg.Pool({ connectionString: url }),
      createTableIfMissing: true,
      tableName: "express_session",
    });
  },
};

export const express = async ({ kind, url }) => expressSession({ store: await STORES[kind](url) });

/** Without Express, where its own cost is not in the way. */
export const node = express;
