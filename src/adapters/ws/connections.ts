import type { Duplex } from "node:stream";
import { MAX_TIMER_DELAY } from "../../duration.ts";
import { type OpenedSession, readStandings } from "../../lifecycle/connections.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { SessionId } from "../../session.ts";

/** What is used of a WebSocket of ws. */
export interface WsSocket {
  close(code: number, reason: string): void;
  on(event: "error", listener: () => void): unknown;
  removeAllListeners(event: "message"): unknown;
}

/** Among the codes that belong to apps, the one that resembles 401. */
const CLOSE_CODE = 4401;
/** The reason where the session lives on, under a secret that the app has replaced. */
const ROTATED = "rotated";

/** A connection from before its request is authenticated: a session may end before anything can be closed. */
export interface Connection {
  /** The sessions that ended or were rotated since, and why. */
  readonly missed: Map<SessionId, string>;
  /** Set as soon as there is something to close. */
  established?: { readonly opened: OpenedSession; readonly socket: WsSocket };
}

/**
 * Closes WebSockets whose session has ended, or whose secret was replaced by the app. All connections share one listener
 * and two timers, which exist only while there is a connection.
 */
export class Connections {
  readonly #lifecycle: Lifecycle;
  readonly #every: number;
  readonly #pending = new Set<Connection>();
  readonly #established = new Map<SessionId, Set<Connection>>();
  #stop: (() => void) | undefined;
  #checking = false;
  #deadline: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** `every` is in milliseconds: how often the store is asked. */
  constructor(lifecycle: Lifecycle, every: number) {
    this.#lifecycle = lifecycle;
    this.#every = every;
  }

  /** Call it before the request is authenticated. */
  begin(raw: Duplex): Connection {
    const connection: Connection = { missed: new Map() };
    this.#pending.add(connection);
    this.#stop ??= this.#start();
    raw.once("close", () => this.#leave(connection));
    return connection;
  }

  /** Call it with the socket, and the session if there is one. Returns false if that has ended, and closes the socket. */
  establish(connection: Connection, opened: OpenedSession | undefined, socket: WsSocket): boolean {
    const missed = opened && connection.missed.get(opened.id);
    if (!opened || missed) {
      this.#leave(connection);
      if (missed) {
        // The app never gets to see this socket: an unhandled protocol error would end the process.
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
    const timer = setInterval(() => void this.#check(), this.#every).unref();
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
    this.#rest();
  }

  #rest(): void {
    if (this.#pending.size + this.#established.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Closes all connections of a session, also those that are still being established. */
  #end(id: SessionId, reason: string): void {
    for (const { missed } of this.#pending) missed.set(id, reason);
    this.#close(id, () => reason);
  }

  /** Closes those connections of a session for which there is a reason. */
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
    this.#rest();
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
      // The manager has reported the failure. Nothing is known about the sessions, so nothing is closed until the next check.
    } finally {
      this.#checking = false;
    }
  }

  /** Closes what has reached the deadline that is known here, whether or not the store answers. */
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
  // Until the client agrees to the close, or for half a minute where it does not, its messages would still come in.
  socket.removeAllListeners("message");
  socket.close(CLOSE_CODE, reason);
}
