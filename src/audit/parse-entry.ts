import type { AuditEntry } from "./entry.ts";

/** Returns the entry in a text, or `undefined` if it is something else. @internal */
export function parseEntry(text: string): AuditEntry | undefined {
  try {
    const entry: Partial<AuditEntry> | null = JSON.parse(text);
    const isEntry =
      typeof entry?.chain === "string" && Number.isSafeInteger(entry.seq) && typeof entry.hash === "string";
    return isEntry ? (entry as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}
