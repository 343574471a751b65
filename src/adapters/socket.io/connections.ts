import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ConnectionEnd, Handshake } from "../../live/handshake.ts";
import { getLiveSessions } from "../../live/live-sessions.ts";
import type { OpenedSession } from "../../live/standing.ts";
import { getSockets, type SocketIoConnection, type SocketIoSocket } from "./socket.ts";

/** The event that a client receives before the end of its session disconnects it. The argument is the reason. */
const ENDED_EVENT = "session_ended";

/** An object that holds what a manager has learned from a handshake. */
type StateHolder = { readonly [key: symbol]: unknown };

/** The connections of a manager's sockets. A connection carries a client's sockets on all namespaces, after one handshake. */
export class Connections {
  readonly #lifecycle: Lifecycle;
  readonly #watched = new WeakSet<SocketIoConnection>();
  readonly #accepted = new WeakSet<object>();
  readonly #ofSocket = new WeakMap<SocketIoSocket, StateHolder>();
  readonly #ofConnection = new WeakMap<SocketIoConnection, StateHolder>();

  constructor(lifecycle: Lifecycle) {
    this.#lifecycle = lifecycle;
  }

  /** Returns the state of a socket that middleware has received. */
  getState(socket: SocketIoSocket): StateHolder | undefined {
    return this.#ofSocket.get(socket);
  }

  /** Gives a socket the state that the other sockets of its connection have. */
  shareState(socket: SocketIoSocket): StateHolder {
    const shared = this.#ofConnection.get(socket.conn);
    if (!shared) return this.renewState(socket);
    this.#ofSocket.set(socket, shared);
    return shared;
  }

  /** Gives a socket and those that follow on its connection a new state. Earlier ones keep theirs. */
  renewState(socket: SocketIoSocket): StateHolder {
    const state = {};
    this.#ofConnection.set(socket.conn, state);
    this.#ofSocket.set(socket, state);
    return state;
  }

  /** Lets a socket receive the event when its connection ends with a session. */
  accept(socket: SocketIoSocket): void {
    this.#accepted.add(socket);
  }

  /**
   * Ends the socket's connection with a session, which was loaded during `handshake`. The connection is watched until it
   * closes, also without a socket: a client may open further namespaces on it.
   */
  watch(socket: SocketIoSocket, opened: OpenedSession, handshake: Handshake): void {
    const { conn } = socket;
    if (this.#watched.has(conn) || conn.readyState !== "open") return;
    const ended = handshake.get(opened.id);
    if (ended) {
      this.#end(socket, ended);
      return;
    }
    this.#watched.add(conn);
    const end = (reason: ConnectionEnd) => this.#end(socket, reason);
    const watcher = { opened, kind: "socket.io", end } as const;
    conn.once("close", getLiveSessions(this.#lifecycle).watch(watcher, handshake));
  }

  /** Reports an error that the app's code has thrown. */
  report(cause: unknown): void {
    const { events, options } = this.#lifecycle;
    const error = new Error("sessionup/socket.io: a connection failed.", { cause });
    events.emit("error", { error, at: options.clock() });
  }

  /** Sockets of other middleware lose the connection, too. Their clients connect again, with the cookie of then. */
  #end(first: SocketIoSocket, reason: ConnectionEnd): void {
    for (const socket of getSockets(first)) {
      if (!this.#accepted.has(socket)) continue;
      try {
        socket.emit(ENDED_EVENT, reason);
        socket.disconnect();
      } catch (cause) {
        // The app's listeners run during `disconnect`.
        this.report(cause);
      }
    }
    // Engine.IO then drops what still arrives, and a socket whose middleware is still running never connects.
    first.conn.close();
  }
}

const all = new WeakMap<Lifecycle, Connections>();

/** Returns the connections of a manager, which all its sessions share. */
export function getConnections(lifecycle: Lifecycle): Connections {
  let found = all.get(lifecycle);
  if (!found) {
    found = new Connections(lifecycle);
    all.set(lifecycle, found);
  }
  return found;
}
