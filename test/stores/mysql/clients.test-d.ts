import type { Pool as CallbackPool } from "mysql2";
import type { Connection, Pool, PoolCluster } from "mysql2/promise";
import type { Store } from "sessionup";
import { mysqlStore } from "sessionup/stores/mysql";

declare const pool: Pool;
declare const callbacks: CallbackPool;
declare const cluster: PoolCluster;
declare const connection: Connection;

/** The store accepts real clients without casts. */
export const stores: readonly Store[] = [
  mysqlStore(pool),
  mysqlStore(callbacks.promise()),
  mysqlStore(cluster.of("PRIMARY")),
];

export function wrong(): void {
  // @ts-expect-error: a pool with callbacks does not return promises
  mysqlStore(callbacks);
  // @ts-expect-error: one connection is not a pool
  mysqlStore(connection);
  // @ts-expect-error: a URL is not a pool
  mysqlStore("mysql://localhost");
  // @ts-expect-error: a bare number is not a duration
  mysqlStore(pool, { timeout: 5_000 });
}
