import type { Cluster, Redis } from "ioredis";
import type { createClient, createClientPool, createCluster, createSentinel } from "redis";
import type { Store } from "sessionup";
import { redisStore } from "sessionup/stores/redis";

declare const ioredis: Redis;
declare const ioredisCluster: Cluster;
declare const client: ReturnType<typeof createClient>;
declare const pool: ReturnType<typeof createClientPool>;
declare const cluster: ReturnType<typeof createCluster>;
declare const sentinel: ReturnType<typeof createSentinel>;

/** What real clients are: no casts. */
export const stores: readonly Store[] = [
  redisStore(ioredis),
  redisStore(ioredisCluster),
  redisStore(client),
  redisStore(pool),
  redisStore(cluster),
  redisStore(sentinel),
];

export function wrong(): void {
  // @ts-expect-error: a URL is no client
  redisStore("redis://localhost");
  // @ts-expect-error: a client that takes callbacks has no promises
  redisStore(client.legacy());
  // @ts-expect-error: nor is a pipeline one
  redisStore(ioredis.pipeline());
  // @ts-expect-error: a bare number is no duration
  redisStore(ioredis, { timeout: 2_000 });
  // @ts-expect-error: a misspelt option
  redisStore(ioredis, { prefx: "a" });
}
