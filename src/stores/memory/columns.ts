import { deepFreeze } from "../../rules/deep-freeze.ts";
import type { Json, SessionData, SessionRecord } from "../../store.ts";
import { BITS, NOWHERE, PAGE, WITHIN } from "./links.ts";

/** The columns of 1 024 places. A number in an object takes 24 bytes, in a column 8 bytes outside the heap. */
interface Page {
  /** `createdAt`, `lastSeenAt`, `expiresAt` and `deadline` of each place. */
  readonly times: Float64Array;
  /** Negative in a free place, where it leads to the next free place. */
  readonly revisions: Int32Array;
  readonly ids: string[];
  readonly userKeys: string[];
  readonly data: SessionData[];
  rare?: Array<Rare | undefined>;
}

/** The properties that few records have. */
type Rare = Pick<SessionRecord, "ended" | "link">;

const NO_DATA: SessionData = Object.freeze({ v: 0 });
/** Parts of data are shared if their JSON has at most `SHORT` characters, among the last `SHARED` different ones. */
const SHORT = 200;
const SHARED = 1_000;

/** Records in columns. Records that come out are copies, around data that is frozen. */
export interface Columns {
  /** Stores a record in a free place, and returns the place. `sibling` is the place of another session of the user, if any. */
  add(record: SessionRecord, sibling: number): number;
  /** Returns the record, or `undefined` where none is. */
  read(place: number): SessionRecord | undefined;
  /** Replaces a record. Its id and user key never change. */
  write(place: number, record: SessionRecord): void;
  free(place: number): void;
  id(place: number): string;
  userKey(place: number): string;
  expiresAt(place: number): number;
  /** Returns the highest place that was ever in use. */
  last(): number;
}

export function createColumns(): Columns {
  const pages: Page[] = [];
  const shared = new Map<string, Json>();
  let nextFree = NOWHERE;
  let last = NOWHERE;

  // Only places that were given out are asked for, and their pages exist.
  const pageWith = (place: number) => pages[place >> BITS] as Page;

  /** Parts that many records have alike, such as the browser, are kept once. */
  const share = (part: Json): Json => {
    const text = JSON.stringify(part);
    const known = shared.get(text);
    if (known || text.length > SHORT) return known ?? part;
    if (shared.size === SHARED) shared.clear();
    shared.set(text, part);
    return part;
  };

  const userKey = (place: number) => pageWith(place).userKeys[place & WITHIN] ?? "";

  const ownData = (data: SessionData): SessionData => {
    const own: Record<string, Json> & { readonly v: number } = copy(data);
    for (const [key, part] of Object.entries(own))
      if (typeof part === "object" && part !== null) own[key] = share(part);
    return deepFreeze(own);
  };

  const write = (place: number, record: SessionRecord) => {
    const page = pageWith(place);
    const at = place & WITHIN;
    const { ended, link } = record;
    page.times.set([record.createdAt, record.lastSeenAt, record.expiresAt, record.deadline], 4 * at);
    page.revisions[at] = record.revision;
    if (record.data !== page.data[at]) page.data[at] = ownData(record.data);
    if (!ended && link === undefined) return;
    page.rare ??= new Array(PAGE).fill(undefined);
    // JSON leaves out what is undefined.
    page.rare[at] = deepFreeze(copy({ ended, link }) as Rare);
  };

  return {
    write,
    add(record, sibling) {
      const place = nextFree || ++last;
      const at = place & WITHIN;
      if (place >> BITS === pages.length) pages.push(createPage());
      const page = pageWith(place);
      if (nextFree) nextFree = ~(page.revisions[at] ?? 0);
      page.ids[at] = copy(record.id);
      page.userKeys[at] = sibling ? userKey(sibling) : copy(record.userKey);
      write(place, record);
      return place;
    },
    read(place) {
      if (!place) return undefined;
      const page = pageWith(place);
      const at = place & WITHIN;
      const revision = page.revisions[at] ?? 0;
      if (revision < 0) return undefined;
      const { times } = page;
      // A place that can be read has all columns.
      return {
        id: page.ids[at],
        userKey: page.userKeys[at],
        revision,
        createdAt: times[4 * at],
        lastSeenAt: times[4 * at + 1],
        expiresAt: times[4 * at + 2],
        deadline: times[4 * at + 3],
        data: page.data[at],
        ...page.rare?.[at],
      } as SessionRecord;
    },
    free(place) {
      const page = pageWith(place);
      const at = place & WITHIN;
      page.ids[at] = page.userKeys[at] = "";
      page.data[at] = NO_DATA;
      if (page.rare) page.rare[at] = undefined;
      page.revisions[at] = ~nextFree;
      nextFree = place;
    },
    userKey,
    id: (place) => pageWith(place).ids[place & WITHIN] ?? "",
    expiresAt: (place) => pageWith(place).times[4 * (place & WITHIN) + 2] ?? 0,
    last: () => last,
  };
}

function createPage(): Page {
  return {
    times: new Float64Array(4 * PAGE),
    revisions: new Int32Array(PAGE),
    ids: new Array(PAGE).fill(""),
    userKeys: new Array(PAGE).fill(""),
    data: new Array(PAGE).fill(NO_DATA),
  };
}

/** A text that was joined or cut out of others keeps them in memory. A copy does not, and is stored flat. */
function copy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}
