import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Manager } from "../manager.ts";
import { toTrailKeys } from "./chain.ts";
import { ChainRecorder } from "./chain-recorder.ts";
import { type AuditHead, describeEvent, RECORDED } from "./entry.ts";
import { type AuditLogOptions, parseAuditOptions } from "./options.ts";
import { Rejections } from "./rejections.ts";
import { type AuditTrail, Trail } from "./trail.ts";
import { TrailRecorder } from "./trail-recorder.ts";

/** The audit log of a manager. */
export interface AuditLog {
  /** The trail that the store writes. Throws `TypeError` without the store's option `audit`. */
  readonly trail: AuditTrail;
  /** Returns the end of the chain, to be kept elsewhere. */
  head(): Promise<AuditHead>;
  /** Resolves when every entry so far has been written. Rejects with the error of a sink or of the store that fails now. */
  flush(): Promise<void>;
  /** Stops recording and flushes. Call it before the process ends. Rejects if entries are lost. */
  close(): Promise<void>;
}

export type { Agent } from "../session.ts";
export type { Actor, EndReason } from "../store.ts";
export { toEcs } from "./ecs.ts";
export type { AuditEntry, AuditHead, AuditKind, AuditSubject } from "./entry.ts";
export { type FileSink, fileSink, readEntries } from "./file-sink.ts";
export { httpSink } from "./http-sink.ts";
export { type AuditLogger, loggerSink } from "./logger-sink.ts";
export { toOcsf } from "./ocsf.ts";
export type {
  AuditFormat,
  AuditLogOptions,
  AuditQuery,
  AuditTrailOptions,
  EraseOptions,
  FileSinkOptions,
  HttpSinkOptions,
  LoggerSinkOptions,
  TrailVerifyOptions,
  VerifyOptions,
} from "./options.ts";
export type { AuditSink } from "./sink.ts";
export { type AuditTrail, auditTrail } from "./trail.ts";
export type { PendingRow, StoredEntry, TrailPage, TrailRow, TrailState, TrailStore } from "./trail-store.ts";
export {
  type AuditFlaw,
  type AuditProblem,
  type AuditReport,
  type UnreadableLine,
  verifyEntries,
} from "./verify.ts";

/**
 * Records what happens to the sessions of a manager. Without a trail in the store, each process writes a chain of its own to the
 * sinks. With one, the store writes the rows in its own transactions. One process at a time gives the rows their place in the
 * chain and passes them to the sinks.
 *
 * A sink that fails breaks no request: the manager's event `error` reports it, and entries wait. A manager that `with` creates
 * needs its own audit log; with a trail in the store, it only adds the entries `rejected` and `client_changed`.
 *
 * Throws `TypeError` for invalid options, and without both a sink and a trail.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { auditLog, fileSink } from "sessionup/audit";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const audit = auditLog(manager, { to: [fileSink("/var/log/app/audit.jsonl")] });
 * process.once("SIGTERM", () => audit.close());
 * ```
 */
export function auditLog<In, Out extends In>(
  manager: Manager<In, Out>,
  options: AuditLogOptions = {},
): AuditLog {
  const { events, options: resolved, repository } = getLifecycle(manager);
  const { to, keys, sealEvery, maxWaiting, maxRejected } = parseAuditOptions(options);
  const { clock } = resolved;
  const store = repository.store.audit;
  if (!store && to.length === 0)
    throw new TypeError(
      "auditLog requires the option to, such as { to: [fileSink(path)] }, or a store with the option audit.",
    );
  const plan = {
    sinks: to,
    keys: toTrailKeys(keys),
    clock,
    sealEvery,
    maxWaiting,
    onError: (error: Error) => events.emit("error", { error, at: clock() }),
  };
  const recorder = store
    ? new TrailRecorder(new Trail(store, plan.keys, clock), plan)
    : new ChainRecorder(plan);
  const rejections = new Rejections(maxRejected);
  const stops = RECORDED.map((name) =>
    events.on(name, (event) => {
      const draft = describeEvent(name, event as never);
      const admitted = name === "rejected" ? rejections.admit(draft) : draft;
      if (admitted) recorder.add(admitted);
    }),
  );
  return {
    get trail() {
      if (recorder instanceof TrailRecorder) return recorder.trail;
      throw new TypeError("The store writes no trail. Set its option audit.");
    },
    head: () => recorder.head(),
    flush: () => recorder.flush(),
    close() {
      for (const stop of stops) stop();
      return recorder.close();
    },
  };
}
