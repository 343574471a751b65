/** A worker thread with a store at the file `workerData.path`, which calls it as the main thread says. */
import { parentPort, workerData } from "node:worker_threads";
import { open } from "lmdb";
import { lmdbStore } from "../../../src/stores/lmdb.ts";

// biome-ignore lint/suspicious/noExplicitAny: whatever the main thread asks for
const store: any = await lmdbStore(open, { path: workerData.path });
parentPort?.on("message", async ({ method, args }: { method: string; args: unknown[] }) => {
  parentPort?.postMessage(await store[method](...args));
});
parentPort?.postMessage("ready");
