import { Redis } from "ioredis";
import pg from "pg";
import { postgresPush, postgresStore } from "../../dist/stores/postgres.js";
import { redisPush, redisStore } from "../../dist/stores/redis.js";
import { answerParent } from "../rounds.mjs";

/** A worker with several stores that subscribe: `subscribe.mjs <postgres | redis> <url> <count> <prefix>`. */

const [kind, url = "", count = "0", prefix = ""] = process.argv.slice(2);

function openStore() {
  if (kind === "redis") {
    const client = new Redis(url);
    return redisStore(client, { prefix, push: redisPush(() => client.duplicate()) });
  }
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const push = postgresPush(() => new pg.Client({ connectionString: url }));
  return postgresStore(pool, { push });
}

let heard = 0;
const listener = { ended: () => void heard++, changed: () => void heard++, status: () => undefined };

answerParent({
  async subscribe() {
    for (let index = 0; index < Number(count); index++) await openStore().subscribe?.(listener);
    return true;
  },
  heard: () => heard,
});
