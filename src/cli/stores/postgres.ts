import {
  type PgListener,
  type PgPool,
  type PostgresJs,
  type PostgresPush,
  postgresAudit,
  postgresPush,
  postgresStore,
} from "../../stores/postgres.ts";
import { type Connection, given, type StoreSettings, toSqlOptions } from "./connection.ts";
import { loadDriver } from "./driver.ts";

interface PgModule {
  readonly Pool: new (
    options: object,
  ) => PgPool & {
    on(event: "error", listener: () => void): unknown;
    end(): Promise<void>;
  };
  readonly Client: new (options: object) => PgListener;
}

type PostgresJsModule = (url: string, options: object) => PostgresJs & { end(): Promise<void> };

/** The connections at a time: `revoke-where` ends several sessions at once. */
const CONNECTIONS = 8;

/** Creates a pool. It connects at the first query. */
export async function connectPostgres(
  url: string,
  settings: StoreSettings,
  cwd: string,
): Promise<Connection> {
  const driver = loadDriver(["pg", "postgres"], cwd);
  const toOptions = (audits: boolean, createPush?: () => PostgresPush) => ({
    ...given({ schema: settings.schema }),
    ...toSqlOptions(settings, audits ? postgresAudit() : undefined, createPush),
  });
  const engine = "PostgreSQL";
  if (driver.name === "postgres") {
    const sql = toFactory(driver.exports)(url, {
      max: CONNECTIONS,
      connect_timeout: 5,
      onnotice: () => undefined,
    });
    const toStore = (audits: boolean) => postgresStore(sql, toOptions(audits));
    return { toStore, engine, driver, close: () => sql.end() };
  }
  const { Pool, Client } = driver.exports as PgModule;
  const config = { connectionString: url, connectionTimeoutMillis: 5_000, application_name: "sessionup" };
  const pool = new Pool({ ...config, max: CONNECTIONS });
  // The query that needs the connection reports the same failure.
  pool.on("error", () => undefined);
  const toStore = (audits: boolean) =>
    postgresStore(
      pool,
      toOptions(audits, () => postgresPush(() => new Client(config))),
    );
  return { toStore, engine, driver, close: () => pool.end() };
}

/** The CommonJS build of postgres.js is the function itself, its module has it as the default. */
function toFactory(exports: unknown): PostgresJsModule {
  return (
    typeof exports === "function" ? exports : (exports as { readonly default: unknown }).default
  ) as PostgresJsModule;
}
