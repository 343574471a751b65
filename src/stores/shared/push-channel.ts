import type { Duration } from "../../duration.ts";
import { type OptionTable, parseOptions } from "../../options/parsers.ts";
import type { Store, StoreListener } from "../../store.ts";
import { TIMEOUT } from "./deadline.ts";
import { StoreListeners } from "./listeners.ts";
import { toEvent } from "./push-messages.ts";

/** The options of a connection that receives events. */
export interface PushOptions {
  /**
   * The time within which the store notices that the connection is lost, such as `"5s"`. The store checks the
   * connection at twice that rate. Default: `"5s"`.
   */
  readonly heartbeat?: Duration;
}

/** A connection that receives the messages of a channel. */
export interface PushConnection {
  /** Resolves when every message from now on is received. */
  readonly ready: Promise<unknown>;
  /** Closes the connection, whatever its state. */
  close(): void;
}

/** A connection that may be silent while it is lost. */
export interface PingedConnection extends PushConnection {
  /** Resolves when a message that the store published has arrived on this connection. The connection is up then. */
  probe(): Promise<unknown>;
  /** Resolves when the connection works, as far as its server can tell. */
  ping(): Promise<unknown>;
}

/** A message that a store publishes to itself, as proof that its messages arrive. */
export class Echo {
  readonly #publish: () => Promise<unknown>;
  #resolve: () => void = () => undefined;

  constructor(publish: () => Promise<unknown>) {
    this.#publish = publish;
  }

  /** Publishes a message. Resolves when a message has arrived. */
  ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#publish().catch(reject);
    });
  }

  /** Records that a message has arrived. */
  arrive(): void {
    this.#resolve();
  }
}

/** Opens a connection. `lose` may be called any number of times, at the latest when the connection is closed. */
export type OpenPushConnection<Connection = PushConnection> = (
  receive: (message: string) => void,
  lose: (error: unknown) => void,
) => Connection;

/** The time that opening a connection may take, in milliseconds. */
const OPEN_LIMIT = 10_000;
const UNHEARD =
  "A message that the store published did not arrive on the connection for events. Connect it to the same server, without a pooler.";
/** The shortest and the longest pause between two attempts to reconnect, in milliseconds. */
const PAUSES = { first: 100, last: 2_000 } as const;

const PUSH = { heartbeat: TIMEOUT } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const PUSH_TABLE: OptionTable = PUSH;

/** Returns the heartbeat in milliseconds. Throws `TypeError` for invalid options. `name` is the function that takes them. */
export function parseHeartbeat(options: PushOptions, name: string): number {
  return parseOptions(options, PUSH, name, "").heartbeat;
}

/**
 * Probes the connection once it is ready, and then sends a ping twice per heartbeat. A ping without a reply at the time of the
 * next one means that the connection is lost. So does a process that was suspended for longer than the heartbeat: it may have
 * missed events without noticing.
 */
export function withHeartbeat(
  open: OpenPushConnection<PingedConnection>,
  heartbeat: number,
): OpenPushConnection {
  return (receive, lose) => {
    const connection = open(receive, lose);
    let limit: ReturnType<typeof setTimeout> | undefined;
    let beat: ReturnType<typeof setInterval> | undefined;
    let isClosed = false;
    let isWaiting = false;
    let lastAt = 0;
    const ping = () => {
      const now = Date.now();
      if (now - lastAt > heartbeat)
        return lose(new Error("The process was suspended for longer than the heartbeat."));
      if (isWaiting) return lose(new Error("The connection for events did not answer in time."));
      lastAt = now;
      isWaiting = true;
      connection.ping().then(() => {
        isWaiting = false;
      }, lose);
    };
    const start = async () => {
      await connection.ready;
      if (isClosed) return;
      limit = setTimeout(lose, heartbeat, new Error(UNHEARD));
      await connection.probe();
      clearTimeout(limit);
      if (isClosed) return;
      lastAt = Date.now();
      beat = setInterval(ping, heartbeat / 2);
    };
    return {
      ready: start(),
      close() {
        isClosed = true;
        clearTimeout(limit);
        clearInterval(beat);
        connection.close();
      },
    };
  };
}

/** Adds `subscribe` to a store, and to its `close`. `readUserKey` returns the user key of a message. */
export function addSubscribe<AnyStore extends Store>(
  store: AnyStore,
  open: OpenPushConnection,
  readUserKey: (text: string) => string,
): AnyStore {
  let channel: PushChannel | undefined;
  const close = store.close?.bind(store);
  return Object.assign(store, {
    async subscribe(listener: StoreListener) {
      if (!channel || channel.isOver) channel = new PushChannel(open, readUserKey);
      return channel.subscribe(listener);
    },
    async close() {
      channel?.end();
      await close?.();
    },
  });
}

/** One connection for all listeners of a store, from the first listener to the last. */
class PushChannel {
  readonly #open: OpenPushConnection;
  readonly #readUserKey: (text: string) => string;
  readonly #listeners = new StoreListeners();
  readonly #over = new AbortController();
  /** Subscriptions, begun ones included. */
  #subscriptions = 0;
  /** Resolves when the channel is up. Replaced when the connection is lost. */
  #up: Promise<void> | undefined;

  constructor(open: OpenPushConnection, readUserKey: (text: string) => string) {
    this.#open = open;
    this.#readUserKey = readUserKey;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async subscribe(listener: StoreListener): Promise<() => Promise<void>> {
    this.#subscriptions++;
    try {
      // A connection may be lost while a subscription waits for it.
      for (let up: Promise<void> | undefined; !up || up !== this.#up; ) {
        this.#up ??= this.#connect();
        up = this.#up;
        await up;
      }
    } catch (error) {
      this.#leave();
      throw error;
    }
    const remove = this.#listeners.add(listener);
    return async () => {
      if (remove()) this.#leave();
    };
  }

  end(): void {
    this.#listeners.clear();
    this.#over.abort(new Error("The store was closed, or its last subscription has ended."));
  }

  #leave(): void {
    if (--this.#subscriptions === 0) this.end();
  }

  /** Opens a connection. Rejects if that fails; a connection that is lost later is replaced. */
  #connect(): Promise<void> {
    const { signal } = this.#over;
    return new Promise((resolve, reject) => {
      let isUp = false;
      let isOver = false;
      const lose = (error: unknown) => {
        if (isOver) return;
        isOver = true;
        clearTimeout(limit);
        signal.removeEventListener("abort", abort);
        connection.close();
        reject(error);
        if (!isUp || signal.aborted) return;
        this.#up = this.#reconnect();
        // Whether it fails or not, each subscription that waits for it learns so.
        this.#up.catch(() => undefined);
        this.#listeners.tell((listener) => listener.status(false));
      };
      const abort = () => lose(signal.reason);
      const connection = this.#open((message) => {
        if (!isOver) this.#receive(message);
      }, lose);
      const limit = setTimeout(
        lose,
        OPEN_LIMIT,
        new Error("The connection for events did not open in time."),
      );
      signal.addEventListener("abort", abort);
      connection.ready.then(() => {
        if (isOver) return;
        isUp = true;
        clearTimeout(limit);
        this.#listeners.tell((listener) => listener.status(true));
        resolve();
      }, lose);
    });
  }

  async #reconnect(): Promise<void> {
    for (let pause: number = PAUSES.first; ; pause = Math.min(2 * pause, PAUSES.last)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      this.#over.signal.throwIfAborted();
      try {
        return await this.#connect();
      } catch {
        // The next attempt follows, unless the channel is over.
      }
    }
  }

  #receive(message: string): void {
    const event = toEvent(message, this.#readUserKey);
    if (event) this.#listeners.tell(event);
  }
}
