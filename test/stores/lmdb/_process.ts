/** A process that opens a store and calls the methods that its parent names: `_process.ts <path> <timeout>`. */
import { open } from "lmdb";
import { duration } from "../../../src/duration.ts";
import { lmdbStore } from "../../../src/stores/lmdb.ts";

const [path = "", timeout = ""] = process.argv.slice(2);
process.on("disconnect", () => process.exit());
try {
  // biome-ignore lint/suspicious/noExplicitAny: the parent names the method
  const store: any = await lmdbStore(open, { path, timeout: duration(timeout) });
  process.on("message", async (question: { number: number; method: string; args: unknown[] }) => {
    const { number, method, args } = question;
    try {
      process.send?.({ number, answer: await store[method](...args) });
    } catch (error) {
      process.send?.({ number, error: String(error) });
    }
  });
  process.send?.({ ready: true });
} catch (error) {
  process.send?.({ failed: String(error) });
}
