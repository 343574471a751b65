import type { SessionRecord } from "../../store.ts";

type Stored = readonly [
  id: string,
  userKey: string,
  revision: number,
  createdAt: number,
  lastSeenAt: number,
  expiresAt: number,
  deadline: number,
  ended: SessionRecord["ended"] | null,
  data: SessionRecord["data"],
  link?: string,
];

/** Returns a record as JSON text. lmdb's own encoding treats numbers, dates and names of properties in its own way. */
export function stringifyRecord(record: SessionRecord): string {
  const { id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, ended, data, link } = record;
  const tail: [link?: string] = link === undefined ? [] : [link];
  const stored: Stored = [
    id,
    userKey,
    revision,
    createdAt,
    lastSeenAt,
    expiresAt,
    deadline,
    ended ?? null,
    data,
    ...tail,
  ];
  return JSON.stringify(stored);
}

/** Returns the record of a text. */
export function parseRecord(text: string): SessionRecord {
  const stored: Stored = JSON.parse(text);
  const [id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, ended, data, link] = stored;
  return {
    id,
    userKey,
    revision,
    createdAt,
    lastSeenAt,
    expiresAt,
    deadline,
    ...(ended && { ended }),
    ...(link !== undefined && { link }),
    data,
  };
}
