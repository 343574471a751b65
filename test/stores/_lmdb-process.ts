/** Another process at a file, which calls the store as its parent says: `_lmdb-process.ts <path>`. */
import { open } from "lmdb";
import { lmdbStore } from "../../src/stores/lmdb.ts";

// biome-ignore lint/suspicious/noExplicitAny: whatever the parent asks for
const store: any = lmdbStore(open({ path: process.argv[2] ?? "" }));
process.on("message", async ({ method, args }: { method: string; args: unknown[] }) => {
  try {
    process.send?.({ answer: await store[method](...args) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
