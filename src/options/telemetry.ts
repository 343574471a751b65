import type { Events } from "../events.ts";
import type { Store } from "../store.ts";

/** Measures and traces what a manager does. Created by `openTelemetry()` of `sessionup/opentelemetry`. */
export interface Telemetry {
  /** Whether spans contain user keys. */
  readonly exportsUserKeys: boolean;
  /** Observes the store and the events of a manager. Returns the store that the manager uses. @internal */
  observe(store: Store, events: Events): Store;
  /** Runs one of the operations, and passes on what it returns, throws or rejects with. @internal */
  trace<Result>(operation: Operation, run: () => Result, args?: readonly unknown[]): Result;
  /** Traces the methods of a manager or of its sessions: replaces those that are operations. @internal */
  traceMethods(methods: object): void;
}

/** The names of operations: `authenticate`, methods, and functions of subpaths. @internal */
export type Operation =
  | "authenticate"
  | "init"
  | "fetchAll"
  | "revoke"
  | "revokeOther"
  | "revokeAll"
  | "revokeOwn"
  | "rotate"
  | "reauthenticate"
  | "updateMeta"
  | "fetchByUserKey"
  | "revokeById"
  | "revokeByUserKey"
  | "revokeWhere"
  | "revokeAllBefore";
