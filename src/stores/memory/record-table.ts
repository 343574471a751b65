import { deepFreeze } from "../../rules/deep-freeze.ts";
import type { Json, SessionData, SessionRecord } from "../../store.ts";
import { BITS, NOWHERE, PLACES, WITHIN } from "./links.ts";

/** What few records have. */
type Rare = Pick<SessionRecord, "ended" | "link">;

/** The columns of some places. A number in an object takes 24 bytes, here 8 and outside the heap. */
class Page {
  /** createdAt, lastSeenAt, expiresAt, deadline of each. */
  readonly times = new Float64Array(4 * PLACES);
  /** Of a place that is free: the next free one. */
  readonly revisions = new Int32Array(PLACES);
  readonly ids = new Array<string>(PLACES).fill("");
  readonly userKeys = new Array<string>(PLACES).fill("");
  readonly data = new Array<SessionData>(PLACES).fill(NONE);
  rare: Array<Rare | undefined> | undefined;
}

const NONE: SessionData = Object.freeze({ v: 0 });
const HIDDEN = -1;
/** Parts of data are looked for among so many others, and only short ones. */
const SHARED = 1_000;
const SHORT = 200;

/**
 * Records in places that are numbered from 1, as columns and not as objects: half the memory, and a collection of
 * garbage has less to go through. What comes out is a copy, around data that is frozen.
 */
export class RecordTable {
  readonly #pages: Page[] = [];
  readonly #shared = new Map<string, Json>();
  #free = NOWHERE;
  #last = NOWHERE;
  #hidden = 0;

  /** How many records are hidden. */
  get hidden(): number {
    return this.#hidden;
  }

  /** All places until this one are in use or were. */
  get last(): number {
    return this.#last;
  }

  /** @param userKey  the same as the record's, in the one copy that all of the user's share */
  add(record: SessionRecord, userKey: string | undefined): number {
    const place = this.#free === NOWHERE ? ++this.#last : this.#free;
    const at = place & WITHIN;
    if (this.#pages.length * PLACES <= place) this.#pages.push(new Page());
    const page = this.#page(place);
    if (place === this.#free) this.#free = page.revisions[at] ?? NOWHERE;
    page.ids[at] = copyOf(record.id);
    page.userKeys[at] = userKey ?? copyOf(record.userKey);
    this.set(place, record);
    return place;
  }

  /** What a record has become; its id and its user stay. */
  set(place: number, record: Omit<SessionRecord, "id" | "userKey">): void {
    const page = this.#page(place);
    const at = place & WITHIN;
    page.times.set([record.createdAt, record.lastSeenAt, record.expiresAt, record.deadline], 4 * at);
    page.revisions[at] = record.revision;
    if (record.data !== page.data[at]) page.data[at] = this.#kept(record.data);
    const { ended, link } = record;
    if (!ended && link === undefined) return;
    page.rare ??= new Array(PLACES).fill(undefined);
    const rare = { ...(ended && { ended }), ...(link !== undefined && { link }) };
    page.rare[at] = deepFreeze(copyOf(rare));
  }

  remove(place: number): void {
    const page = this.#page(place);
    const at = place & WITHIN;
    if (page.revisions[at] === HIDDEN) this.#hidden--;
    page.ids[at] = page.userKeys[at] = "";
    page.data[at] = NONE;
    if (page.rare) page.rare[at] = undefined;
    page.revisions[at] = this.#free;
    this.#free = place;
  }

  record(place: number): SessionRecord {
    const page = this.#page(place);
    const at = place & WITHIN;
    const { times } = page;
    const record = {
      id: page.ids[at] ?? "",
      userKey: page.userKeys[at] ?? "",
      revision: page.revisions[at] ?? 0,
      createdAt: times[4 * at] ?? 0,
      lastSeenAt: times[4 * at + 1] ?? 0,
      expiresAt: times[4 * at + 2] ?? 0,
      deadline: times[4 * at + 3] ?? 0,
      data: page.data[at] ?? NONE,
    };
    const rare = page.rare?.[at];
    return rare ? { ...record, ...rare } : record;
  }

  id(place: number): string {
    return this.#page(place).ids[place & WITHIN] ?? "";
  }

  userKey(place: number): string {
    return this.#page(place).userKeys[place & WITHIN] ?? "";
  }

  revision(place: number): number {
    return this.#page(place).revisions[place & WITHIN] ?? 0;
  }

  createdAt(place: number): number {
    return this.#page(place).times[4 * (place & WITHIN)] ?? 0;
  }

  expiresAt(place: number): number {
    return this.#page(place).times[4 * (place & WITHIN) + 2] ?? 0;
  }

  link(place: number): string | undefined {
    return this.#page(place).rare?.[place & WITHIN]?.link;
  }

  deadline(place: number): number {
    return this.#page(place).times[4 * (place & WITHIN) + 3] ?? 0;
  }

  isTombstone(place: number): boolean {
    return this.#page(place).rare?.[place & WITHIN]?.ended !== undefined;
  }

  isLive(place: number, now: number): boolean {
    return this.expiresAt(place) > now && !this.isTombstone(place);
  }

  /** Whether a record is there that may be seen. */
  shows(place: number): boolean {
    const page = this.#pages[place >> BITS];
    return page !== undefined && page.ids[place & WITHIN] !== "" && page.revisions[place & WITHIN] !== HIDDEN;
  }

  /** Of records that will be removed, and must not be seen until then. */
  hide(places: readonly number[]): void {
    for (const place of places) this.#page(place).revisions[place & WITHIN] = HIDDEN;
    this.#hidden += places.length;
  }

  isHidden(place: number): boolean {
    return this.#page(place).revisions[place & WITHIN] === HIDDEN;
  }

  /** In a copy of the table's own, flat and frozen; parts that many records have alike, such as the browser, are there once. */
  #kept(data: SessionData): SessionData {
    const copy: Record<string, Json> & { readonly v: number } = copyOf(data);
    for (const [key, value] of Object.entries(copy))
      if (typeof value === "object" && value !== null) copy[key] = this.#sharedOf(value);
    return deepFreeze(copy);
  }

  #sharedOf(value: Json): Json {
    const text = JSON.stringify(value);
    if (text.length > SHORT) return value;
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size === SHARED) this.#shared.clear();
    this.#shared.set(text, deepFreeze(value));
    return value;
  }

  #page(place: number): Page {
    const page = this.#pages[place >> BITS];
    if (!page) throw new RangeError(`no record was ever in place ${place}`);
    return page;
  }
}

/** Texts that were joined or cut out keep what they were made of alive; these do not. Short ones are there once. */
function copyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}
