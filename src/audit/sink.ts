import type { AuditEntry } from "./entry.ts";

/** A place to which `auditLog` writes entries. */
export interface AuditSink {
  /**
   * Writes entries, in order. Called again only after it has returned or resolved. If it throws or rejects, it is called again
   * later, beginning with the same entries: an entry may arrive twice. An error with `retry: false` drops these entries.
   */
  write(entries: readonly AuditEntry[]): unknown;
  /** Returns the last entry that the sink has. A new chain names it as the entry that the chain follows. Optional. */
  readLast?(): Promise<AuditEntry | undefined>;
  /** Releases what the sink has opened. Optional. */
  close?(): Promise<void>;
}
