import pg from "pg";
import { createClient } from "redis";
import { cached } from "../../dist/cache/cache.js";
import { postgresPush, postgresStore } from "../../dist/stores/postgres.js";
import { redisPush, redisStore } from "../../dist/stores/redis.js";
import { createContenders } from "./_sessionup.mjs";

/** The store in a database, with `sessionup/cache` in front of it and the default of every option. */

const STORES = {
  async redis(url) {
    const client = await createClient({ url }).connect();
    return redisStore(client, { push: redisPush(() => client.duplicate()) });
  },
  async postgres(url) {
    const push = postgresPush(() => new pg.Client({ connectionString: url }));
    const store = postgresStore(new pg.Pool({ connectionString: url }), { push });
    await store.migrate();
    return store;
  },
};

export const { node } = createContenders(async ({ kind, url }) => cached(await STORES[kind](url)));
