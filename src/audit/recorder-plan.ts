import type { TrailKeys } from "./chain.ts";
import type { AuditSink } from "./sink.ts";

/** The settings of a recorder. @internal */
export interface RecorderPlan {
  readonly sinks: readonly AuditSink[];
  readonly keys: TrailKeys;
  readonly clock: () => number;
  /** Milliseconds. */
  readonly sealEvery: number;
  readonly maxWaiting: number;
  readonly onError: (error: Error) => void;
}

/** Waits for all, and then rejects with the first error. @internal */
export async function settleAll(promises: ReadonlyArray<Promise<unknown>>): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === "rejected") throw result.reason;
}
