import type { SessionError } from "../errors.ts";
import { toErrorResponse } from "../http/error-response.ts";
import type { Guard } from "../http/middleware.ts";
import { createSessions, getInternals, type Sessions } from "../http/sessions.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import { getLiveSessions } from "../live/live-sessions.ts";
import { type OpenedSession, toOpenedSession } from "../live/standing.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkLookupKey, checkUserKey } from "../options/user-key.ts";
import { getConnections } from "./socket.io/connections.ts";
import { HandshakeExchange } from "./socket.io/exchange.ts";
import { isHandshakeRecent } from "./socket.io/handshake-age.ts";
import { parseSocketIoOptions, type SocketIoSessionsOptions } from "./socket.io/options.ts";
import { Recovery } from "./socket.io/recovery.ts";
import { joinOwnRooms, RoomNames } from "./socket.io/rooms.ts";
import type { SocketIoSocket } from "./socket.io/socket.ts";

export type { SocketIoSessionsOptions } from "./socket.io/options.ts";
export type { SocketIoConnection, SocketIoSocket } from "./socket.io/socket.ts";

/** Middleware for `io.use` and `io.of("/name").use`. Calls `next` with an error to reject the socket. */
export type SocketIoMiddleware = (socket: SocketIoSocket, next: (error?: Error) => void) => Promise<void>;

/**
 * The session methods with the socket as their context. All sockets of a connection share the session of its handshake, as it
 * was then. Methods that set a cookie throw `ERR_HEADERS_SENT`: Engine.IO has answered the handshake before a socket exists.
 */
export interface SocketIoSessions<In = undefined, Out = In> extends Sessions<SocketIoSocket, In, Out> {
  /**
   * Creates middleware that accepts sockets with and without a session, and loads the session if there is one. Rejects pages
   * of other origins with 403.
   */
  public(options?: PublicOptions): SocketIoMiddleware;
  /**
   * Creates middleware that accepts sockets only with a session. Otherwise rejects with 401 and the reason, with 403 for a page
   * of another origin, or with 503 when the store does not answer.
   */
  auth(options?: AuthOptions): SocketIoMiddleware;
  /**
   * Returns the name of the room of a user's sockets on a namespace, on all nodes: `io.to(sessions.userRoom("ann")).emit(…)`.
   * Throws `TypeError` for an invalid user key, and with `rooms: false`.
   */
  userRoom(userKey: string): string;
  /**
   * Returns the name of the room of a session's sockets on a namespace, on all nodes. Throws `TypeError` for anything but text,
   * and with `rooms: false`.
   */
  sessionRoom(id: string): string;
}

/**
 * Creates sessions for Socket.IO 4. When a session ends, or `rotate` or `reauthenticate` replaces its secret, its sockets
 * receive the event `session_ended` with the reason and are disconnected: at once with a store that has `subscribe`, otherwise
 * at the next `recheck` of the manager's option `live` if another process ended it. An open connection does not count as
 * activity, and neither do its events.
 *
 * The middleware of a namespace applies to that namespace only. Pages of other origins are rejected, because browsers send
 * cookies with their handshakes, too. The manager's `trustedOrigins` names exceptions.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { socketIoSessions } from "sessionup/socket.io";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { Server } from "socket.io";
 *
 * const sessions = socketIoSessions(new Manager(memoryStore()));
 * const io = new Server();
 * io.use(sessions.auth());
 * io.on("connection", (socket) => {
 *   socket.emit("hello", sessions.require(socket).userKey);
 * });
 * export const tell = (userKey: string, text: string) => io.to(sessions.userRoom(userKey)).emit("message", text);
 * ```
 */
export function socketIoSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: SocketIoSessionsOptions = {},
): SocketIoSessions<In, Out> {
  const { rooms, reject = toConnectError } = parseSocketIoOptions(options);
  const lifecycle = getLifecycle(manager);
  const live = getLiveSessions(lifecycle);
  const connections = getConnections(lifecycle);
  const recovery = new Recovery(lifecycle);
  const names = new RoomNames(lifecycle.options.cookie.base);
  const { methods, guards } = createSessions<SocketIoSocket, In, Out>(
    manager,
    toExchange,
    (socket) => connections.getState(socket) as object,
  );
  const { getState } = getInternals<SocketIoSocket, In, Out>(methods);

  function toExchange(socket: SocketIoSocket): HandshakeExchange {
    if (connections.getState(socket)) return new HandshakeExchange(socket.handshake);
    throw new TypeError(
      "sessionup/socket.io: the context must be a socket that passed auth() or public(). " +
        "Pass the `socket` of the event `connection`. For HTTP requests, use the adapter of their framework.",
    );
  }

  /** Gives the socket its connection's state. Returns false if it would be loaded from a handshake that is too old. */
  function prepareState(socket: SocketIoSocket): boolean {
    const isNew = !(lifecycle.key in connections.shareState(socket));
    const result = isNew ? undefined : getState(socket).result;
    if (result?.state === "session" || result?.state === "none") return true;
    // A store that failed is asked again.
    if (result) connections.renewState(socket);
    return isHandshakeRecent(socket, lifecycle.options.clock);
  }

  /** Runs the guard, and ends the connection with the session that it loads, even if it rejects this socket. */
  async function authenticate(
    socket: SocketIoSocket,
    guard: Guard<SocketIoSocket>,
  ): Promise<SessionError | undefined> {
    const handshake = live.beginHandshake();
    try {
      const rejection = await guard(socket);
      const opened = getOpened(socket);
      if (opened) connections.watch(socket, opened, handshake);
      return rejection;
    } finally {
      live.endHandshake(handshake);
    }
  }

  function getOpened(socket: SocketIoSocket): OpenedSession | undefined {
    const { result } = getState(socket);
    return result?.state === "session" ? toOpenedSession(lifecycle, result) : undefined;
  }

  /** Returns the error to reject the socket with. */
  async function admit(socket: SocketIoSocket, guard: Guard<SocketIoSocket>): Promise<Error | undefined> {
    if (!socket.nsp)
      throw new TypeError("sessionup/socket.io: add auth() and public() by use() of io or of a namespace.");
    recovery.guard(socket);
    if (!prepareState(socket)) return closeConnection(socket);
    const rejection = await authenticate(socket, guard);
    if (rejection) {
      const error: unknown = await reject(rejection, socket);
      if (error instanceof Error) return error;
      throw new TypeError("socketIoSessions.reject must return the Error to reject the socket with.");
    }
    if (socket.conn.readyState !== "open" || !recovery.remember(socket, getOpened(socket)))
      return closeConnection(socket);
    connections.accept(socket);
    if (rooms) await joinRooms(socket);
    return undefined;
  }

  async function joinRooms(socket: SocketIoSocket): Promise<void> {
    const session = methods.current(socket);
    const own = session ? [names.toUserRoom(session.userKey), names.toSessionRoom(session.id)] : [];
    await joinOwnRooms(socket, own);
  }

  function middleware(guard: Guard<SocketIoSocket>): SocketIoMiddleware {
    return async (socket, next) => {
      let error: Error | undefined;
      try {
        error = await admit(socket, guard);
      } catch (cause) {
        connections.report(cause);
        error = toError(500, { error: "internal" });
      }
      next(error);
    };
  }

  function checkRooms(method: string): void {
    if (!rooms) throw new TypeError(`${method} requires socketIoSessions.rooms to be true.`);
  }

  return {
    ...methods,
    public: (options) => middleware(guards.public(options)),
    auth: (options) => middleware(guards.auth(options)),
    userRoom(userKey) {
      checkRooms("userRoom");
      checkUserKey(userKey);
      return names.toUserRoom(userKey);
    },
    sessionRoom(id) {
      checkRooms("sessionRoom");
      checkLookupKey(id, "id");
      return names.toSessionRoom(id);
    },
  };
}

/** Closes a socket's connection: the client connects again. The error reaches no client, but stops the next middleware. */
function closeConnection({ conn }: SocketIoSocket): Error {
  conn.close();
  return new Error("The connection has closed.");
}

/** The `data` of a `connect_error`: the JSON with which other adapters respond, and the status. */
function toConnectError(error: SessionError): Error {
  const { status, body } = toErrorResponse(error);
  return toError(status, JSON.parse(body) as { readonly error: string });
}

function toError(status: number, json: { readonly error: string }): Error {
  return Object.assign(new Error(json.error), { data: { status, ...json } });
}
