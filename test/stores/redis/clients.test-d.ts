import type { Cluster, Redis } from "ioredis";
import type * as ioredis5 from "ioredis5";
import type * as iovalkey from "iovalkey";
import type { createClient, createClientPool, createCluster, createSentinel } from "redis";
import type * as redis5 from "redis5";
import type { Store } from "sessionup";
import { redisStore } from "sessionup/stores/redis";

declare const ioredis: Redis;
declare const ioredisCluster: Cluster;
declare const client: ReturnType<typeof createClient>;
declare const pool: ReturnType<typeof createClientPool>;
declare const cluster: ReturnType<typeof createCluster>;
declare const sentinel: ReturnType<typeof createSentinel>;
declare const ioredis5Client: ioredis5.Redis;
declare const ioredis5Cluster: ioredis5.Cluster;
declare const iovalkeyClient: iovalkey.Redis;
declare const iovalkeyCluster: iovalkey.Cluster;
declare const mapped: Redis<"resp3">;
declare const client5: ReturnType<typeof redis5.createClient>;
declare const pool5: ReturnType<typeof redis5.createClientPool>;
declare const cluster5: ReturnType<typeof redis5.createCluster>;
declare const sentinel5: ReturnType<typeof redis5.createSentinel>;

/** The store accepts the clients of every supported major version without casts. */
export const stores: readonly Store[] = [
  redisStore(ioredis),
  redisStore(ioredisCluster),
  redisStore(client),
  redisStore(pool),
  redisStore(cluster),
  redisStore(sentinel),
  redisStore(mapped),
  redisStore(ioredis5Client),
  redisStore(ioredis5Cluster),
  redisStore(iovalkeyClient),
  redisStore(iovalkeyCluster),
  redisStore(client5),
  redisStore(pool5),
  redisStore(cluster5),
  redisStore(sentinel5),
];

export function wrong(): void {
  // @ts-expect-error: a URL is not a client
  redisStore("redis://localhost");
  // @ts-expect-error: a client with callbacks does not return promises
  redisStore(client.legacy());
  // @ts-expect-error: a pipeline is not a client
  redisStore(ioredis.pipeline());
  // @ts-expect-error: a bare number is not a duration
  redisStore(ioredis, { timeout: 2_000 });
  // @ts-expect-error: the option is misspelt
  redisStore(ioredis, { prefx: "a" });
}
