import type { AuditEntry, AuditKind } from "./entry.ts";
import { toMessage } from "./logger-sink.ts";

/** The version of the Elastic Common Schema whose fields the objects have. */
const ECS_VERSION = "8.17.0";

/** `event.category`, `event.type` and `event.action` of each kind. */
const CATEGORIES: Readonly<
  Record<AuditKind, readonly [categories: readonly string[], type: string, action: string]>
> = {
  begun: [["authentication", "session"], "start", "session-begun"],
  ended: [["authentication", "session"], "end", "session-ended"],
  elevated: [["authentication", "session"], "info", "user-reauthenticated"],
  rotated: [["session"], "info", "session-secret-rotated"],
  moved: [["session"], "info", "session-cookie-changed"],
  client_changed: [["session"], "info", "session-client-changed"],
  rejected: [["authentication"], "info", "request-rejected"],
  opened: [["configuration"], "info", "audit-log-opened"],
  closed: [["configuration"], "info", "audit-log-closed"],
  erased: [["configuration"], "change", "audit-trail-erased"],
  deleted: [["configuration"], "deletion", "audit-trail-deleted"],
};

/**
 * Returns an entry in the form of the Elastic Common Schema (ECS) 8. `source.ip` has whole addresses only: a stored network such
 * as `"203.0.113.0/24"` is in `source.address`. The ids of the sessions are in `labels.session_ids`.
 *
 * @example
 * ```ts
 * import { fileSink, toEcs } from "sessionup/audit";
 *
 * const sink = fileSink("/var/log/app/audit.ecs.jsonl", { format: toEcs });
 * ```
 */
export function toEcs(entry: AuditEntry): object {
  const { chain, seq, at, kind = "erased", reason, subject, by, hash, level, pseudonym } = entry;
  const [category, type, action] = CATEGORIES[kind];
  const ip = subject?.ip;
  const id = subject?.userKey ?? pseudonym;
  const { browser, os } = subject?.agent ?? {};
  const actor = subject?.actor;
  const labels = {
    audit_chain: chain,
    ...(subject && { session_ids: subject.sessions.join(" ") }),
    ...(by && { by }),
    ...(actor !== undefined && { by_id: actor }),
    ...(level !== undefined && { level: String(level) }),
    ...(subject?.changed && { changed: subject.changed.join(" ") }),
  };
  return {
    "@timestamp": new Date(at).toISOString(),
    ecs: { version: ECS_VERSION },
    message: toMessage({ ...entry, kind }),
    event: {
      kind: "event",
      category,
      type: [type],
      action,
      outcome: kind === "rejected" ? "failure" : "success",
      id: `${chain}:${seq}`,
      sequence: seq,
      hash,
      dataset: "sessionup.audit",
      ...(reason !== undefined && { reason }),
    },
    service: { type: "sessionup" },
    ...(id !== undefined && { user: { id } }),
    ...(ip !== undefined && { source: { address: ip, ...(!ip.includes("/") && { ip }) } }),
    ...((browser !== undefined || os !== undefined) && {
      user_agent: {
        ...(browser !== undefined && { name: browser }),
        ...(os !== undefined && { os: { name: os } }),
      },
    }),
    labels,
  };
}
