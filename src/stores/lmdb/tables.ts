import { SessionError } from "../../errors.ts";
import type { SessionCursor, SessionRecord } from "../../store.ts";
import {
  byDeadline,
  byEnd,
  byLink,
  byUserKey,
  endedBy,
  idBehindLink,
  idIn,
  type Key,
  rangeOfLink,
  rangeOfTombstones,
  rangeOfUser,
} from "./keys.ts";

/** What the store calls of one database. */
export interface LmdbDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  get(key: any): any;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  putSync(key: any, value: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  removeSync(key: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  getKeys(range: { start?: any; end?: any; reverse?: boolean; limit?: number }): Iterable<any>;
}

/** What the store calls of the root database that `open` of lmdb gives. */
export interface LmdbRoot {
  openDB(options: { name: string; encoding: "string"; keyEncoding: "binary" }): LmdbDatabase;
  transaction<Answer>(work: () => Answer): Promise<Answer>;
  childTransaction<Answer>(work: () => Answer): Promise<Answer>;
  resetReadTxn(): void;
  /** Waits for what is being written. */
  close(): Promise<void>;
  readonly committed: PromiseLike<unknown>;
  /** Not in the package's types; it is what `open` was given. */
  readonly useWritemap?: boolean;
}

/** What the stored shape is called: a later release can read what an earlier one wrote. */
const VERSION = "1";
const VERSION_KEY = new TextEncoder().encode("version");
const SWEPT_KEY = new TextEncoder().encode("swept_at");

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

/** The five databases. Each method is a step of a transaction, or a read of what was committed last. */
export class LmdbTables {
  readonly #root: LmdbRoot;
  readonly #byId: LmdbDatabase;
  readonly #byUserKey: LmdbDatabase;
  readonly #byDeadline: LmdbDatabase;
  readonly #byLink: LmdbDatabase;
  readonly #schema: LmdbDatabase;

  constructor(root: LmdbRoot, name: string) {
    const open = (part: string) =>
      root.openDB({ name: `${name}_${part}`, encoding: "string", keyEncoding: "binary" });
    this.#root = root;
    this.#byId = open("by_id");
    this.#byUserKey = open("by_user");
    this.#byDeadline = open("by_deadline");
    this.#byLink = open("by_link");
    this.#schema = open("schema");
    const version = this.#schema.get(VERSION_KEY);
    // Once for all: writing waits for whoever writes.
    if (version === undefined) this.#schema.putSync(VERSION_KEY, VERSION);
    else if (version !== VERSION) {
      const message = `lmdbStore: the file is of version ${version}, this release knows ${VERSION}; upgrade sessionup`;
      throw new SessionError("ERR_STORE", message);
    }
  }

  /**
   * For reading what other threads have committed, too: lmdb keeps one view for a turn of the event loop, and that may be
   * old.
   */
  latest(): this {
    this.#root.resetReadTxn();
    return this;
  }

  /** All of it or nothing: what is thrown inside undoes what was written. The writes of one turn share a commit. */
  async transaction<Answer>(work: (tables: this) => Answer): Promise<Answer> {
    let waits = false;
    // The outer one takes its turn behind the app's own; the inner one can be undone without undoing others' writes.
    const answer = this.#root.transaction(() => {
      if (!waits)
        throw new SessionError("ERR_STORE", "lmdbStore: called inside of a transaction of the app's");
      return this.#root.childTransaction(() => work(this));
    });
    waits = true;
    // When a commit fails the package also rejects a promise that it gave to nobody: unheard, it would end the process.
    setImmediate(() => void this.#root.committed.then(ignore, ignore));
    try {
      return await answer;
    } catch (error) {
      throw await causeOf(error);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  get(id: string): SessionRecord | undefined {
    const text: string | undefined = this.#byId.get(idBytes(id));
    return text === undefined ? undefined : recordIn(text);
  }

  /** A record that was not there. */
  put(record: SessionRecord): void {
    const { id, deadline, link, ended } = record;
    this.replace(record);
    this.#byUserKey.putSync(placeOf(record), "");
    this.#byDeadline.putSync(byDeadline(deadline, id), "");
    if (link !== undefined && !ended) this.#byLink.putSync(byLink(link, id), "");
  }

  /** One whose user, beginning and deadline are the same. */
  replace(record: SessionRecord): void {
    this.#byId.putSync(idBytes(record.id), textOf(record));
  }

  /** Puts a tombstone in its place. */
  bury(record: SessionRecord, tombstone: SessionRecord): void {
    this.remove(record);
    this.put(tombstone);
  }

  remove(record: SessionRecord): void {
    const { id, deadline, link, ended } = record;
    this.#byId.removeSync(idBytes(id));
    this.#byUserKey.removeSync(placeOf(record));
    this.#byDeadline.removeSync(byDeadline(deadline, id));
    if (link !== undefined && !ended) this.#byLink.removeSync(byLink(link, id));
  }

  /** Removes the user's tombstones beyond the latest `max`. */
  trimTombstones(userKey: string, max: number): void {
    const { first, end } = rangeOfTombstones(userKey);
    const keys: Iterable<Key> = this.#byUserKey.getKeys({ start: end, end: first, reverse: true });
    // All keys before any is removed.
    for (const key of [...keys].slice(max)) {
      const record = this.get(idIn(key, first.length));
      if (record) this.remove(record);
    }
  }

  /** Whether the user has at least `count` sessions, expired ones included. */
  hasAtLeast(userKey: string, count: number): boolean {
    const { first: start, end } = rangeOfUser(userKey);
    return [...this.#byUserKey.getKeys({ start, end, limit: count })].length === count;
  }

  *newestFirst(userKey: string, before?: SessionCursor): Generator<SessionRecord, void> {
    const { first, end } = rangeOfUser(userKey);
    // Backwards it begins at the start, if that is there, and stops before the end.
    const cursor = before && byUserKey(userKey, before.createdAt, before.id);
    const keys: Iterable<Key> = this.#byUserKey.getKeys({ start: cursor ?? end, end: first, reverse: true });
    for (const key of keys) {
      const id = idIn(key, first.length);
      if (id === before?.id) continue;
      const record = this.get(id);
      if (record) yield record;
    }
  }

  /** Those with that link, expired ones too. */
  *linked(link: string): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byLink.getKeys(rangeOfLink(link));
    for (const key of keys) {
      const record = this.get(idBehindLink(key));
      if (record) yield record;
    }
  }

  /** The id that is `count` behind this one, if there are so many. */
  idBehind(after: string, count: number): string | undefined {
    const keys: Iterable<Key> = this.#byId.getKeys({ start: behindId(after), limit: count });
    const ids = [...keys];
    const last = ids[count - 1];
    return last && decoder.decode(last);
  }

  /** Those behind one id, up to another. */
  *between(after: string, last: string): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byId.getKeys({ start: behindId(after), end: behindId(last) });
    // All keys before any is removed.
    for (const key of [...keys]) {
      const record = this.get(decoder.decode(key));
      if (record) yield record;
    }
  }

  /** Those past their deadline, the earliest first. */
  *endedBy(now: number, limit: number): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byDeadline.getKeys({ end: endedBy(now), limit });
    for (const key of keys) {
      const record = this.get(idIn(key));
      if (record) yield record;
    }
  }

  /** True for one store of the process, and for no other until `apart` milliseconds are over. A clock gone wrong ends nobody's turn. */
  claimCleanup(now: number, apart: number): boolean {
    const swept = Number(this.#schema.get(SWEPT_KEY) ?? 0);
    if (swept > now - apart && swept <= now + apart) return false;
    this.#schema.putSync(SWEPT_KEY, `${now}`);
    return true;
  }
}

function ignore(): void {}

/** The key among the user's sessions, or among the user's tombstones: logins and lists never read those. */
function placeOf({ id, userKey, createdAt, ended }: SessionRecord): Key {
  return ended ? byEnd(userKey, ended.at, id) : byUserKey(userKey, createdAt, id);
}

/** Why a commit failed, such as a full disk: the package has it in a promise of its own. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Before whatever comes behind this id, and behind the id itself. */
function behindId(id: string): Key {
  return idBytes(`${id}\0`);
}

function idBytes(id: string): Key {
  return encoder.encode(id);
}

/** JSON, as text: lmdb's own encoding has its own ideas of numbers, dates and the names of properties. */
function textOf(record: SessionRecord): string {
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

function recordIn(text: string): SessionRecord {
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
