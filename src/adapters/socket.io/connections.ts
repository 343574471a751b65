import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ConnectionEnd, Handshake, LiveSessions } from "../../live/live-sessions.ts";
import type { OpenedSession } from "../../live/standing.ts";
import type { SocketIoConnection, SocketIoSocket } from "./socket.ts";

/** The event that a client receives before the end of its session disconnects it. The argument is the reason. */
const ENDED_EVENT = "session_ended";

/** A connected socket, as far as the end of its session needs it. */
interface ConnectedSocket {
  emit(event: string, reason: string): unknown;
  disconnect(): unknown;
}

/** Ends connections with the sessions of their handshakes. A connection carries a client's sockets on all namespaces. */
export class Connections {
  readonly #lifecycle: Lifecycle;
  readonly #live: LiveSessions;
  readonly #watched = new WeakSet<SocketIoConnection>();
  readonly #sockets = new WeakSet<object>();

  constructor(lifecycle: Lifecycle, live: LiveSessions) {
    this.#lifecycle = lifecycle;
    this.#live = live;
  }

  /** Lets a socket receive the event when its connection ends with a session. */
  add(socket: SocketIoSocket): void {
    this.#sockets.add(socket);
  }

  /**
   * Ends the socket's connection with a session. `handshake` began before the session was loaded, or the store is asked again.
   * The connection is watched until it closes, also without a socket: a client may open further namespaces on it.
   */
  watch(socket: SocketIoSocket, opened: OpenedSession, handshake: Handshake | undefined): void {
    const { conn } = socket;
    if (this.#watched.has(conn) || conn.readyState !== "open") return;
    const ended = handshake?.get(opened.id);
    if (ended) {
      this.#end(socket, ended);
      return;
    }
    this.#watched.add(conn);
    const watcher = { opened, end: (reason: ConnectionEnd) => this.#end(socket, reason) };
    conn.once("close", handshake ? this.#live.watch(watcher) : this.#live.watchLoaded(watcher));
  }

  /** Reports an error that the app's code has thrown. */
  report(cause: unknown): void {
    const { events, options } = this.#lifecycle;
    const error = new Error("sessionup/socket.io: a connection failed.", { cause });
    events.emit("error", { error, at: options.clock() });
  }

  /** Sockets of other middleware lose the connection, too. Their clients connect again, with the cookie of then. */
  #end({ client, conn }: SocketIoSocket, reason: ConnectionEnd): void {
    // The types declare this map as private. No public property leads from a connection to its sockets.
    const { sockets } = client as { readonly sockets?: ReadonlyMap<string, ConnectedSocket> };
    for (const socket of [...(sockets?.values() ?? [])]) {
      if (!this.#sockets.has(socket)) continue;
      try {
        socket.emit(ENDED_EVENT, reason);
        socket.disconnect();
      } catch (cause) {
        // The app's listeners run during `disconnect`.
        this.report(cause);
      }
    }
    // Engine.IO then drops what still arrives, and a socket whose middleware is still running never connects.
    conn.close();
  }
}
