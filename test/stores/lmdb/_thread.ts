/** A worker thread that opens a store over the file `workerData.path` and calls the methods that the main thread names. */
import { parentPort, workerData } from "node:worker_threads";
import { open } from "lmdb";
import { lmdbStore } from "../../../src/stores/lmdb.ts";

// biome-ignore lint/suspicious/noExplicitAny: the main thread names the method
const store: any = await lmdbStore(open, { path: workerData.path, push: workerData.push === true });
parentPort?.on("message", async ({ method, args }: { method: string; args: unknown[] }) => {
  parentPort?.postMessage(await store[method](...args));
});
parentPort?.postMessage("ready");
