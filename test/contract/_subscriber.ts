/** A process that subscribes: `_subscriber.ts <store> <port>`. Prints each event as a line of JSON. The heartbeat is a second. */
import { writeSync } from "node:fs";
import { Redis } from "ioredis";
import pg from "pg";
import { postgresPush, postgresStore } from "../../src/stores/postgres.ts";
import { redisPush, redisStore } from "../../src/stores/redis.ts";

const [kind, port = ""] = process.argv.slice(2);
const options = { heartbeat: "1s" } as const;
const tell = (event: object) => void writeSync(1, `${JSON.stringify(event)}\n`);

function openStore() {
  if (kind === "redis") {
    const client = new Redis(Number(port), "127.0.0.1");
    return redisStore(client, { push: redisPush(() => client.duplicate(), options) });
  }
  const config = { connectionString: `postgres://sessionup@127.0.0.1:${port}/postgres` };
  const pool = new pg.Pool(config);
  return postgresStore(pool, { push: postgresPush(() => new pg.Client(config), options) });
}

await openStore().subscribe?.({
  ended: ({ ids }) => tell({ ids }),
  changed: ({ id }) => tell({ ids: [id] }),
  status: (up) => tell({ up }),
});
