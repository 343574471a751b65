import { type LibsqlClient, libsqlAudit, libsqlPush, libsqlStore } from "../../stores/libsql.ts";
import { type Connection, given, type StoreSettings } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { requireFile } from "./sqlite.ts";

interface LibsqlModule {
  createClient(options: object): LibsqlClient & { close(): void };
}

/** Creates a client of a server, or of a local file. */
export async function connectLibsql(
  url: string,
  { table, timeout, push = true, subscribes, creates, isOffline }: StoreSettings,
  cwd: string,
  authToken: string | undefined,
): Promise<Connection> {
  const driver = loadDriver(["@libsql/client"], cwd);
  const { createClient } = driver.exports as LibsqlModule;
  const isFile = url.startsWith("file:");
  const file =
    isFile && !isOffline ? `file:${requireFile(url.slice("file:".length), cwd, creates)}` : "file::memory:";
  const client = createClient({ url: isFile ? file : url, ...(authToken && { authToken }) });
  const toStore = (audits: boolean) =>
    libsqlStore(client, {
      ...given({ table, timeout }),
      ...(audits && { audit: libsqlAudit() }),
      cleanupEvery: false,
      push: subscribes ? libsqlPush() : push,
    });
  return { toStore, engine: "libSQL", driver, close: async () => client.close() };
}
