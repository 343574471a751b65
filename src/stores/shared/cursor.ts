import { invalidOption } from "../../options/parsers.ts";

/** A place in an order by time and then by id. */
export interface Position {
  readonly at: number;
  readonly id: string;
}

/** The cursors that `toCursor` returns. Durable Objects have records whose ids are longer than those of sessions. */
export const POSITION: RegExp = /-?\d{1,16}\.[0-9A-Za-z]{1,130}/;
const CURSOR = new RegExp(`^${POSITION.source}$`);

/** Returns the cursor of a scan that continues after a position. */
export function toCursor({ at, id }: Position): string {
  return `${at}.${id}`;
}

/** Parses a cursor of `toCursor`. Throws `TypeError` for any other text. */
export function parsePosition(cursor: string): Position {
  const [text] = parseCursor(cursor, CURSOR);
  const dot = text.indexOf(".");
  return { at: Number(text.slice(0, dot)), id: text.slice(dot + 1) };
}

/** Parses the cursor of a scan with the store's own pattern. Throws `TypeError` for any other text. */
export function parseCursor(cursor: string, pattern: RegExp): RegExpExecArray {
  const parts = typeof cursor === "string" && pattern.exec(cursor);
  if (!parts) throw invalidOption("cursor", "the cursor of the scan's previous step", cursor);
  return parts;
}
