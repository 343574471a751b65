import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import session from "express-session";
import pg from "pg";
import { createClient } from "redis";
import { expressSession } from "./_express-session.mjs";

/** The MemoryStore, connect-redis and connect-pg-simple. */
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

/** Runs without Express, whose own cost would hide the difference. */
export const node = express;
