import type { Duplex } from "node:stream";
import { MAX_TIMER_DELAY } from "../../duration.ts";
import { type OpenedSession, readStandings } from "../../lifecycle/connections.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { SessionId } from "../../session.ts";

/** A WebSocket of ws, as far as it is used here. */
export interface WsSocket {
  close(code: number, reason: string): void;
  on(event: "error", listener: () => void): unknown;
  removeAllListeners(event: "message"): unknown;
}

/** One of the codes for apps, chosen after the status 401. */
const CLOSE_CODE = 4401;
/** The reason when the app has replaced the secret and the session lives on. */
const ROTATED = "rotated";

/**
 * A connection, tracked before its request is authenticated, because a session may end before there is a socket to close.
 *
 * @internal
 */
export interface Connection {
  /** The reasons why sessions ended or were rotated in the meantime. */
  readonly missed: Map<SessionId, string>;
  /** Set once there is a socket to close. */
  established?: { readonly opened: OpenedSession; readonly socket: WsSocket };
}

/**
 * Closes the WebSockets of sessions that have ended or whose secret the app has replaced. All connections share two
 * listeners and two timers, which exist only while there is a connection.
 *
 * @internal
 */
export class Connections {
  readonly #lifecycle: Lifecycle;
  readonly #interval: number;
  readonly #pending = new Set<Connection>();
  readonly #established = new Map<SessionId, Set<Connection>>();
  #stop: (() => void) | undefined;
  #checking = false;
  #deadline: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** `interval` is the time between queries of the store, in milliseconds. */
  constructor(lifecycle: Lifecycle, interval: number) {
    this.#lifecycle = lifecycle;
    this.#interval = interval;
  }

  /** Begins to track a connection. Call it before the request is authenticated. */
  begin(raw: Duplex): Connection {
    const connection: Connection = { missed: new Map() };
    this.#pending.add(connection);
    this.#stop ??= this.#start();
    raw.once("close", () => this.#leave(connection));
    return connection;
  }

  /** Attaches the socket, and the session if there is one. Closes the socket and returns false if the session has ended. */
  establish(connection: Connection, opened: OpenedSession | undefined, socket: WsSocket): boolean {
    const missed = opened && connection.missed.get(opened.id);
    if (!opened || missed) {
      this.#leave(connection);
      if (missed) {
        // The app never gets this socket, and an unhandled protocol error would end the process.
        socket.on("error", () => undefined);
        close(socket, missed);
      }
      return !missed;
    }
    this.#pending.delete(connection);
    connection.established = { opened, socket };
    const others = this.#established.get(opened.id);
    if (others) others.add(connection);
    else this.#established.set(opened.id, new Set([connection]));
    this.#awaitDeadline(opened.endsAt);
    return true;
  }

  #start(): () => void {
    const { events } = this.#lifecycle;
    const offs = [
      events.on("ended", ({ ids, reason }) => {
        for (const id of ids) this.#end(id, reason);
      }),
      events.on("rotated", ({ id, by }) => {
        if (by !== "time") this.#end(id, ROTATED);
      }),
    ];
    const timer = setInterval(() => void this.#check(), this.#interval).unref();
    return () => {
      for (const off of offs) off();
      clearInterval(timer);
      clearTimeout(this.#deadline?.timer);
      this.#deadline = undefined;
    };
  }

  #leave(connection: Connection): void {
    this.#pending.delete(connection);
    const id = connection.established?.opened.id;
    const same = id && this.#established.get(id);
    if (same?.delete(connection) && same.size === 0) this.#established.delete(id as SessionId);
    this.#stopIfIdle();
  }

  #stopIfIdle(): void {
    if (this.#pending.size + this.#established.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Closes all connections of a session, including those that are still being established. */
  #end(id: SessionId, reason: string): void {
    for (const { missed } of this.#pending) missed.set(id, reason);
    this.#close(id, () => reason);
  }

  /** Closes the connections of a session for which `reasonFor` returns a reason. */
  #close(id: SessionId, reasonFor: (opened: OpenedSession) => string | undefined): void {
    const connections = this.#established.get(id) ?? new Set();
    for (const connection of connections) {
      const { established } = connection;
      const reason = established && reasonFor(established.opened);
      if (!reason) continue;
      connections.delete(connection);
      close(established.socket, reason);
    }
    if (connections.size === 0) this.#established.delete(id);
    this.#stopIfIdle();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      this.#closeExpired();
      for (const [id, standing] of await readStandings(this.#lifecycle, [...this.#established.keys()])) {
        if ("over" in standing) this.#end(id, standing.over);
        else this.#close(id, ({ turns }) => (turns < standing.turns ? ROTATED : undefined));
      }
    } catch {
      // The manager has reported the failure. The sessions may well be live, so nothing is closed before the next check.
    } finally {
      this.#checking = false;
    }
  }

  /** Closes the connections whose known deadline has passed, even during an outage of the store. */
  #closeExpired(): void {
    const now = this.#lifecycle.options.clock();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, connections] of [...this.#established]) {
      this.#close(id, ({ endsAt, retires }) => (endsAt > now ? undefined : retires ? ROTATED : "expired"));
      for (const { established } of connections) next = Math.min(next, established?.opened.endsAt ?? next);
    }
    clearTimeout(this.#deadline?.timer);
    this.#deadline = undefined;
    if (next < Number.POSITIVE_INFINITY) this.#awaitDeadline(next);
  }

  #awaitDeadline(at: number): void {
    if (this.#deadline && this.#deadline.at <= at) return;
    clearTimeout(this.#deadline?.timer);
    const wait = Math.min(Math.max(at - this.#lifecycle.options.clock(), 0), MAX_TIMER_DELAY);
    this.#deadline = { at, timer: setTimeout(() => this.#closeExpired(), wait).unref() };
  }
}

function close(socket: WsSocket, reason: string): void {
  // Otherwise messages would arrive until the client completes the close, or for half a minute if it does not.
  socket.removeAllListeners("message");
  socket.close(CLOSE_CODE, reason);
}
