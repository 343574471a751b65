import { EVENTS_PER_READ, type EventPage } from "../shared/poll-channel.ts";

/**
 * Numbers that no event had when a later one was read. The server gives out a number when a transaction asks for it, so an
 * event with a lower number may be committed later. A number whose transaction was rolled back stays unused.
 */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** The time at which the gap was noticed, in milliseconds. */
  readonly since: number;
}

/** The events that were read: those up to a number, except the gaps. */
export interface MysqlPosition {
  readonly last: number;
  /** In the order of their numbers. */
  readonly gaps: readonly Gap[];
}

/** An event, or the one at the position, whose message is not read again. */
export interface NumberedEvent {
  readonly number: number;
  readonly message: string;
}

/**
 * How long a gap is asked for, in milliseconds. It limits the time between the number of an event and its commit, which are
 * the last two steps of a transaction. It is shorter than the time for which events are kept.
 */
const LONGEST_COMMIT = 30_000;
/** More gaps than this are asked for as one range. */
const MAX_RANGES = 100;

/** Returns the position after the latest events, of which these are the numbers in any order. */
export function toPosition(numbers: readonly number[], now: number): MysqlPosition {
  const [first = 0, ...rest] = numbers.toSorted((a, b) => a - b);
  let last = first;
  const gaps: Gap[] = [];
  for (const number of rest) {
    if (number > last + 1) gaps.push({ from: last + 1, to: number - 1, since: now });
    last = number;
  }
  return { last, gaps };
}

/** Returns ranges that contain every gap, and perhaps events that were read. */
export function toRanges({ last, gaps }: MysqlPosition): ReadonlyArray<Pick<Gap, "from" | "to">> {
  const [first] = gaps;
  return first && gaps.length > MAX_RANGES ? [{ from: first.from, to: last }] : gaps;
}

/**
 * Returns the events that were not read before, and the position after them. `events` are those in the ranges, and
 * `EVENTS_PER_READ` more from the one at the position on, in any order. Returns `undefined` if the latter is not there: then
 * events after it may have been removed, too.
 */
export function advance(
  { last, gaps }: MysqlPosition,
  events: readonly NumberedEvent[],
  now: number,
): EventPage<MysqlPosition> | undefined {
  if (!events.some(({ number }) => number === last)) return undefined;
  const sorted = events.toSorted((a, b) => a.number - b.number);
  const next = toPosition(
    [last, ...sorted.map(({ number }) => number).filter((number) => number > last)],
    now,
  );
  let open = gaps.filter(({ since }) => now - since < LONGEST_COMMIT);
  const messages: string[] = [];
  let count = 0;
  for (const { number, message } of sorted) {
    if (number > last) count++;
    else {
      const found = open.find(({ from, to }) => from <= number && number <= to);
      if (!found) continue;
      open = open.flatMap((gap) => (gap === found ? splitGap(gap, number) : [gap]));
    }
    messages.push(message);
  }
  const position = { last: next.last, gaps: [...open, ...next.gaps] };
  return { messages, position, more: count === EVENTS_PER_READ };
}

/** Returns what is left of a gap without one of its numbers. */
function splitGap({ from, to, since }: Gap, number: number): Gap[] {
  const parts = [
    { from, to: number - 1, since },
    { from: number + 1, to, since },
  ];
  return parts.filter((part) => part.from <= part.to);
}
