import { subscribe } from "node:diagnostics_channel";
import type { CacheMessage } from "../cache/channel.ts";
import type { LiveMessage } from "../live/channel.ts";
import type { CleanupMessage } from "../stores/shared/cleanup.ts";
import type { Instruments } from "./instruments.ts";

/** The channels on which parts without a manager publish numbers. */
const COUNTERS: Readonly<Record<string, (message: never, instruments: Instruments) => void>> = {
  "sessionup:cache": ({ read, touch }: CacheMessage, instruments) => {
    if (read) instruments.write("cacheReads", 1, { "sessionup.cache.result": read });
    if (touch) instruments.write("cacheTouches", 1, { "sessionup.cache.touch": touch });
  },
  "sessionup:cleanup": ({ removed, error }: CleanupMessage, instruments) => {
    instruments.write("cleanupRemoved", removed);
    instruments.write("cleanupRuns", 1, { "sessionup.outcome": error === undefined ? "ok" : "error" });
  },
  "sessionup:live": ({ kind, change }: LiveMessage, instruments) =>
    instruments.write("connections", change, { "sessionup.connection.kind": kind }),
};

// A registered symbol, so that copies of the package in one process, as bundlers make them, count once.
const COUNTED = Symbol.for("sessionup.telemetry");

/** Counts the messages of these channels from now on. They are the process's own, so one API counts them once. @internal */
export function countMessages(metrics: object, instruments: Instruments): void {
  const shared = globalThis as { [COUNTED]?: WeakSet<object> };
  shared[COUNTED] ??= new WeakSet();
  if (shared[COUNTED].has(metrics)) return;
  shared[COUNTED].add(metrics);
  for (const [name, count] of Object.entries(COUNTERS))
    subscribe(name, (message) => count(message as never, instruments));
}
