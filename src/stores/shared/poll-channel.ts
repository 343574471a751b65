import type { Duration } from "../../duration.ts";
import { type OptionTable, type Parser, parseInterval, parseOptions } from "../../options/parsers.ts";
import type { Store } from "../../store.ts";
import { unrefed } from "./cleanup.ts";
import { addSubscribe, type OpenPushConnection } from "./push-channel.ts";

/** The options of a store that reads its events again and again. */
export interface PollOptions {
  /**
   * The time between two reads, in milliseconds such as `"500ms"` or as another duration. An event arrives at most that much
   * later. Default: `"100ms"` with SQLite and LMDB, `"500ms"` with MySQL, `"1s"` with libSQL and D1.
   */
  readonly interval?: Duration | `${number}ms`;
}

const parsePollInterval: Parser<number> = (value, name) => {
  const [, milliseconds] = (typeof value === "string" && /^([1-9][0-9]{0,8})ms$/.exec(value)) || [];
  return milliseconds ? Number(milliseconds) : parseInterval(value, name);
};

/** Each store has its own default. */
const POLL = { interval: { parse: parsePollInterval } } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const POLL_TABLE: OptionTable = POLL;

/** Returns the interval in milliseconds. Throws `TypeError` for invalid options. `name` is the function that takes them. */
export function parsePollOptions(
  options: PollOptions,
  name: string,
  interval: NonNullable<PollOptions["interval"]>,
): number {
  const table = { interval: { ...POLL.interval, default: interval } };
  return parseOptions(options, table, name, "").interval;
}

/**
 * The events that a database stores in the order of their numbers. Both functions reject when the database does not answer
 * in time.
 */
export interface EventLog<Position> {
  /** Returns the position of the latest event. */
  latest(): Promise<Position>;
  /** Returns the messages after a position, or `undefined` if some of them have been removed. */
  readAfter(position: Position): Promise<EventPage<Position> | undefined>;
}

/** The messages between two positions. */
export interface EventPage<Position> {
  readonly messages: readonly string[];
  /** The position after these messages. */
  readonly position: Position;
  /** Whether there may be more messages. They are then read at once. */
  readonly more: boolean;
}

/** The number of events that one read returns. */
export const EVENTS_PER_READ = 100;

/** Adds `subscribe` to a store, and to its `close`. `readUserKey` returns the user key of a message. */
export function addPolling<AnyStore extends Store, Position>(
  store: AnyStore,
  log: EventLog<Position>,
  interval: number,
  readUserKey: (text: string) => string,
): AnyStore {
  return addSubscribe(store, pollEvents(log, interval), readUserKey);
}

/** Reads a log again and again, one read after another. A read that fails, or that finds a gap, loses the connection. */
function pollEvents<Position>(log: EventLog<Position>, interval: number): OpenPushConnection {
  return (receive, lose) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isClosed = false;
    const wait = (position: Position) => {
      if (isClosed) return;
      // As with the cleanup, a process may exit although it polls.
      timer = unrefed(setTimeout(() => void read(position).then(wait, lose), interval));
    };
    const read = async (from: Position): Promise<Position> => {
      for (let position = from; ; ) {
        const page = await log.readAfter(position);
        if (!page) throw new Error("Events were removed before this process read them.");
        for (const message of page.messages) receive(message);
        position = page.position;
        if (!page.more || isClosed) return position;
      }
    };
    return {
      ready: log.latest().then(wait),
      close() {
        isClosed = true;
        clearTimeout(timer);
      },
    };
  };
}
