import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { lmdbPush, lmdbStore } from "sessionup/stores/lmdb";
import type { Backend } from "../../contract/backend.ts";

/** The contract with push. The other backend has none, so both forms of each operation run. */
export const pushBackend = (): Backend => ({ ...lmdbBackend(true), contractOnly: true, subscribes: true });

/** Each store opens the same file with its own root, as another thread of the process would. */
export function lmdbBackend(pushes = false): Backend {
  let folder = "";
  const path = () => join(folder, "sessions.lmdb");
  return {
    store: "lmdb",
    client: pushes ? "lmdb, push" : "lmdb",
    async start() {
      folder = await mkdtemp(join(tmpdir(), "sessionup-lmdb-"));
    },
    async stop() {
      await rm(folder, { recursive: true, force: true });
    },
    async version() {
      const manifest = new URL("../../../node_modules/lmdb/package.json", import.meta.url);
      return `lmdb ${JSON.parse(await readFile(manifest, "utf8")).version}`;
    },
    async open() {
      const store = await lmdbStore(open, {
        path: path(),
        push: pushes && lmdbPush({ interval: "10ms" }),
      });
      return { store, close: () => store.close() };
    },
    async left() {
      const root = open({ path: path() });
      const counts = ["by_id", "by_user", "by_deadline", "by_link", "by_created"].map((part) => {
        return root
          .openDB({ name: `sessionup_${part}`, encoding: "string", keyEncoding: "binary" })
          .getCount();
      });
      await root.close();
      return counts.reduce((a, b) => a + b);
    },
  };
}
