import { type MysqlPool, mysqlAudit, mysqlPush, mysqlStore } from "../../stores/mysql.ts";
import { type Connection, type StoreSettings, toSqlOptions } from "./connection.ts";
import { loadDriver } from "./driver.ts";

interface MysqlModule {
  createPool(options: object): MysqlPool & { end(): Promise<void> };
}

/** Creates a pool. It connects at the first query. */
export async function connectMysql(url: string, settings: StoreSettings, cwd: string): Promise<Connection> {
  const driver = loadDriver(["mysql2/promise"], cwd);
  const { createPool } = driver.exports as MysqlModule;
  const pool = createPool({ uri: url, connectionLimit: 4, connectTimeout: 5_000 });
  const toStore = (audits: boolean) =>
    mysqlStore(pool, toSqlOptions(settings, audits ? mysqlAudit() : undefined, mysqlPush));
  return { toStore, engine: "MySQL or MariaDB", driver, close: () => pool.end() };
}
