import type { Agent, Session, SessionKind } from "../session.ts";
import type { Json } from "../store.ts";
import { escapeControls, escapeField } from "./escape.ts";
import { formatMoment, formatSpan } from "./moment.ts";
import { type Column, formatRow, formatTitles, type Layout, layOut } from "./table.ts";

/** The JSON of a session in the output of commands. Times are ISO 8601. It has no secret and no hash of one. */
export interface SessionObject {
  readonly id: string;
  readonly userKey: string;
  readonly kind: SessionKind;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly authenticatedAt: string;
  readonly level: number;
  readonly deviceName?: string;
  readonly ip?: string;
  readonly agent?: Agent;
  readonly geo?: Json;
  /** Only with a module whose manager has the option `meta`. */
  readonly meta?: unknown;
}

/** Returns a session as JSON. */
export function toSessionObject(session: Session<unknown>): SessionObject {
  const { id, userKey, kind, level, deviceName, ip, agent, geo } = session;
  const meta = readMeta(session);
  return {
    id,
    userKey,
    kind,
    createdAt: session.createdAt.toISOString(),
    lastSeenAt: session.lastSeenAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    authenticatedAt: session.authenticatedAt.toISOString(),
    level,
    ...(deviceName !== undefined && { deviceName }),
    ...(ip !== undefined && { ip }),
    ...(agent !== undefined && { agent }),
    ...(geo !== undefined && { geo }),
    ...(meta !== undefined && { meta }),
  };
}

/** Metadata that the schema no longer accepts must not hide the session from the operator. */
function readMeta(session: Session<unknown>): unknown {
  try {
    return session.meta;
  } catch {
    return undefined;
  }
}

/** The names of the fields of a line, in order. Later releases only add to the end. */
export const FIELDS: readonly string[] = [
  "id",
  "userKey",
  "createdAt",
  "lastSeenAt",
  "expiresAt",
  "kind",
  "browser",
  "os",
  "ip",
  "level",
  "deviceName",
];

/** Returns a session as one line with tabs between the fields. A field that is unknown is empty. */
export function toLine(session: Session<unknown>): string {
  const { agent = {}, ...rest } = toSessionObject(session);
  const values: Readonly<Record<string, unknown>> = { ...rest, ...agent };
  return FIELDS.map((name) => escapeField(String(values[name] ?? ""))).join("\t");
}

const COLUMNS: readonly Column[] = [
  { title: "ID" },
  { title: "USER", min: 16, enough: 24 },
  { title: "CLIENT", min: 8, enough: 14, optional: true },
  // The length of an IPv4 address.
  { title: "ADDRESS", min: 15, optional: true },
  { title: "BEGAN", optional: true },
  { title: "SEEN" },
];

/** Prints sessions as a table, page by page. */
export class SessionTable {
  readonly #width: number;
  #layout: Layout | undefined;

  constructor(width: number) {
    this.#width = width;
  }

  /** Returns the lines of a page. The first page also has the titles, and decides the widths. */
  format(
    sessions: readonly Session<unknown>[],
    now: number,
    toTitle: (text: string) => string,
  ): readonly string[] {
    const rows = sessions.map((session) => [
      session.id,
      escapeControls(session.userKey),
      escapeControls(describeClient(session)),
      escapeControls(session.ip ?? ""),
      formatSpan(now - session.createdAt.getTime()),
      formatSpan(now - session.lastSeenAt.getTime()),
    ]);
    const isFirst = this.#layout === undefined;
    const layout = this.#layout ?? layOut(COLUMNS, rows, this.#width);
    this.#layout = layout;
    const titles = isFirst ? [toTitle(formatTitles(layout))] : [];
    return [...titles, ...rows.map((row) => formatRow(layout, row))];
  }
}

/** Returns the client's own name, or the families of its browser and system. */
function describeClient({ agent, deviceName, kind }: Session<unknown>): string {
  const families = [agent?.browser, agent?.os].filter((name) => name !== undefined).join(", ");
  return deviceName ?? (families || (kind === "app" ? "app" : ""));
}

/** Returns the labels and values of one session, for people. */
export function describeSession(session: Session<unknown>, now: number): ReadonlyArray<readonly string[]> {
  const { agent, geo } = session;
  const meta = readMeta(session);
  const toJson = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
  const rows: ReadonlyArray<readonly [label: string, value: string | undefined]> = [
    ["Session", session.id],
    ["User", session.userKey],
    ["Kind", session.kind],
    ["Device", session.deviceName],
    ["Browser", agent?.browser],
    ["System", agent?.os],
    ["Address", session.ip],
    ["Place", toJson(geo)],
    ["Began", formatMoment(session.createdAt, now)],
    ["Last seen", formatMoment(session.lastSeenAt, now)],
    ["Proved", formatMoment(session.authenticatedAt, now)],
    ["Level", `${session.level}`],
    ["Expires", formatMoment(session.expiresAt, now)],
    ["Metadata", toJson(meta)],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, escapeControls(value)]]));
}
