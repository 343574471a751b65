import { type LibsqlClient, libsqlAudit, libsqlPush, libsqlStore } from "../../stores/libsql.ts";
import { type Connection, type StoreSettings, toSqlOptions } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { requireFile } from "./sqlite.ts";

interface LibsqlModule {
  createClient(options: object): LibsqlClient & { close(): void };
}

/** Creates a client of a server, or of a local file. */
export async function connectLibsql(
  url: string,
  settings: StoreSettings,
  cwd: string,
  authToken: string | undefined,
): Promise<Connection> {
  const driver = loadDriver(["@libsql/client"], cwd);
  const { createClient } = driver.exports as LibsqlModule;
  const { creates, isOffline } = settings;
  const isFile = url.startsWith("file:");
  const file =
    isFile && !isOffline ? `file:${requireFile(url.slice("file:".length), cwd, creates)}` : "file::memory:";
  const client = createClient({ url: isFile ? file : url, ...(authToken && { authToken }) });
  const toStore = (audits: boolean) =>
    libsqlStore(client, toSqlOptions(settings, audits ? libsqlAudit() : undefined, libsqlPush));
  return { toStore, engine: "libSQL", driver, close: async () => client.close() };
}
