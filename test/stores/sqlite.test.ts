import Database from "libsql";
import { sqliteStore } from "sessionup/stores/sqlite";
import { SqliteFiles } from "./_sqlite-files.ts";
import { storeSuite } from "./_suite.ts";

const files = new SqliteFiles();

storeSuite({
  store: "sqlite",
  client: "libsql (sync)",
  start: async () => {
    await files.make();
    const database = new Database(files.path());
    await sqliteStore(database).migrate();
    database.close();
  },
  stop: () => files.remove(),
  open: async () => {
    const database = new Database(files.path());
    const store = sqliteStore(database);
    return {
      store,
      close: async () => {
        await store.close();
        database.close();
      },
    };
  },
  left: async () => Number(files.query("SELECT count(*) AS count FROM sessionup_sessions")[0]?.count),
});
