import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { SessionRecord } from "../store.ts";

/** Watches sessions that are in use. Created by `liveSessions()` of `sessionup/live`. */
export interface LiveSignals {
  /** The time between queries about all watched sessions, in milliseconds. */
  readonly recheck: number;
  /** Returns the `signal` of a session. @internal */
  getSignal(lifecycle: Lifecycle, record: SessionRecord): AbortSignal;
}
