import type { RecordData } from "../rules/record.ts";
import type { Actor, EndReason, SessionRecord } from "../store.ts";
import { type AuditDraft, describeBeginning, describeChange, describeEnd, pickClient } from "./entry.ts";
import type { TrailRow } from "./trail-store.ts";

/** Returns the draft in a row. A damaged note counts as none, so that later rows still get their place. @internal */
export function toDraft({ at, kind, id = "", userKey, reason, note }: TrailRow): AuditDraft {
  const noted = note ? parseNote(note) : undefined;
  if (kind === "entry")
    return (noted as AuditDraft | undefined) ?? { at, kind: "rejected", details: "unreadable" };
  if (kind === "begun") {
    const { by, ...client } = (noted ?? {}) as { readonly by?: Actor };
    return describeBeginning(at, id, userKey ?? "", client, by);
  }
  if (kind !== "ended") return describeChange(at, kind, id, userKey ?? "");
  return describeEnd(at, [id], userKey, reason as EndReason, (noted as Actor | undefined) ?? undefined);
}

/** Returns the note of a session that begins: the client, and the party that logged the user in if it is another one. @internal */
export function toBeginNote({ data, userKey }: SessionRecord, by: Actor | undefined): string {
  const isUser = by === undefined || (by.kind === "user" && by.id === userKey);
  return JSON.stringify({ ...pickClient(data as RecordData as never), ...(!isUser && { by }) });
}

function parseNote(note: string): object | undefined {
  try {
    return JSON.parse(note);
  } catch {
    return undefined;
  }
}
