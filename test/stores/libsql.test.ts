import { createClient } from "@libsql/client";
import { libsqlStore } from "sessionup/stores/libsql";
import { SqliteFiles } from "./_sqlite-files.ts";
import { storeSuite } from "./_suite.ts";

const files = new SqliteFiles();

storeSuite({
  store: "libsql",
  client: "@libsql/client, file",
  start: async () => {
    await files.make();
    const client = createClient({ url: `file:${files.path()}` });
    await libsqlStore(client).migrate();
    client.close();
  },
  stop: () => files.remove(),
  open: async () => {
    const client = createClient({ url: `file:${files.path()}` });
    const store = libsqlStore(client);
    return {
      store,
      close: async () => {
        await store.close();
        client.close();
      },
    };
  },
  left: async () => Number(files.query("SELECT count(*) AS count FROM sessionup_sessions")[0]?.count),
});
