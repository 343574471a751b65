import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { SessionError } from "../errors.ts";
import type { Guard } from "../http/middleware.ts";
import { createSessions, getInternals, type Sessions } from "../http/sessions.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Handshake } from "../live/handshake.ts";
import { CLOSE_CODE, getLiveSessions } from "../live/live-sessions.ts";
import { dropMessages } from "../live/sockets.ts";
import { toOpenedSession } from "../live/standing.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { sendError } from "./shared/node-middleware.ts";
import { parseReject } from "./shared/reject-option.ts";
import {
  beginHandshake,
  findHandshake,
  type HandshakeExchange,
  sendHandshakeHeaders,
} from "./ws/handshake.ts";

/** A WebSocket of ws, as far as it is used here. */
export interface WsSocket {
  close(code: number, reason: string): void;
  on(event: "error", listener: () => void): unknown;
  removeAllListeners(event: "message"): unknown;
}

/** A `WebSocketServer` of ws 8, created with `{ noServer: true }`, as far as it is used here. */
export interface WsServer {
  readonly options: { readonly noServer?: boolean | undefined };
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: WsSocket, request: IncomingMessage) => void,
  ): void;
  emit(event: "connection", client: WsSocket, request: IncomingMessage): boolean;
  on(event: "headers", listener: (lines: string[], request: IncomingMessage) => void): unknown;
}

/** The options of `wsSessions`. */
export interface WsSessionsOptions {
  /**
   * Responds to a rejected upgrade in place of the default JSON. The connection closes when the response has been sent. No page
   * can read the response: browsers tell a script only that the connection failed. `error.status` is 401, 403 for a page of
   * another origin, or 503 when the store does not answer.
   */
  readonly reject?: (error: SessionError, request: IncomingMessage, response: ServerResponse) => unknown;
}

/**
 * A listener for the event `upgrade` of `node:http` and `node:https`. Resolves when it has passed the connection to ws or
 * rejected it. It can also replace `handleUpgrade` of the server, for libraries that call it: `onAccepted` then receives the
 * connection in place of the server's event `connection`.
 */
export type WsUpgrade = <Client extends WsSocket>(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onAccepted?: (client: Client, request: IncomingMessage) => void,
) => Promise<void>;

/**
 * The session methods with the upgrade's request as their context. Methods that set a cookie can do so until the 101 is sent,
 * for example in `verifyClient` of ws; afterwards they throw `ERR_HEADERS_SENT`. The session is the one of the handshake, as it
 * was then.
 */
export interface WsSessions<In = undefined, Out = In> extends Sessions<IncomingMessage, In, Out> {
  /**
   * Creates a listener that accepts connections with and without a session, and loads the session if there is one. Rejects
   * pages of other origins with 403.
   */
  public(server: WsServer, options?: PublicOptions): WsUpgrade;
  /**
   * Creates a listener that accepts connections only with a session. Otherwise rejects with 401 and the reason, with 403 for a
   * page of another origin, or with 503 when the store does not answer.
   */
  auth(server: WsServer, options?: AuthOptions): WsUpgrade;
}

/** A connection, tracked before its request is authenticated: its session may end before there is a socket to close. */
interface TrackedSocket {
  readonly handshake: Handshake;
  stop: () => void;
}

/**
 * Creates sessions for WebSocket upgrades on ws 8. When a session ends, or `rotate` or `reauthenticate` replaces its secret,
 * its connections close with code 4401 and the reason: at once with a store that has `subscribe`, otherwise at the next
 * `recheck` of the manager's option `live` if another process ended it. An open connection does not count as activity, and
 * neither do its messages.
 *
 * Pages of other origins are rejected, because browsers send cookies with their handshakes, too. The manager's
 * `trustedOrigins` names exceptions. Create the server with `{ noServer: true }`, or ws itself accepts every connection.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { wsSessions } from "sessionup/ws";
 * import { WebSocketServer } from "ws";
 *
 * const sessions = wsSessions(new Manager(memoryStore()));
 * const wss = new WebSocketServer({ noServer: true });
 * wss.on("connection", (ws, req) => {
 *   ws.send(`Hello, ${sessions.require(req).userKey}`);
 * });
 * export const server = createServer().on("upgrade", sessions.auth(wss));
 * ```
 */
export function wsSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: WsSessionsOptions = {},
): WsSessions<In, Out> {
  const reject =
    parseReject(options, "wsSessions") ?? ((error, _request, response) => sendError(error, response));
  const { methods, guards } = createSessions(manager, findHandshake);
  const lifecycle = getLifecycle(manager);
  const live = getLiveSessions(lifecycle);
  const { getState } = getInternals<IncomingMessage, In, Out>(methods);

  /** Closes the socket when the session of its request ends. Returns false if it has ended already. */
  function closeAtEnd(tracked: TrackedSocket, request: IncomingMessage, socket: WsSocket): boolean {
    const { result } = getState(request);
    if (result?.state !== "session") return true;
    const opened = toOpenedSession(lifecycle, result);
    const ended = tracked.handshake.get(opened.id);
    if (ended) {
      // The app never gets this socket, and an unhandled protocol error would end the process.
      socket.on("error", () => undefined);
      close(socket, ended);
      return false;
    }
    tracked.stop = live.watch(
      { opened, kind: "ws", end: (reason) => close(socket, reason) },
      tracked.handshake,
    );
    return true;
  }

  /** Whether the connection goes on: the guard admits the request, and the client is still connected. */
  async function isAdmitted(
    exchange: HandshakeExchange,
    request: IncomingMessage,
    guard: Guard<IncomingMessage>,
  ): Promise<boolean> {
    try {
      const rejection = await guard(request);
      if (rejection && !exchange.closed) await reject(rejection, request, exchange.openResponse());
      return !rejection && !exchange.closed;
    } catch (cause) {
      const error = new Error("sessionup/ws: an upgrade request failed.", { cause });
      lifecycle.events.emit("error", { error, at: lifecycle.options.clock() });
      exchange.fail();
      return false;
    }
  }

  function upgradeListener(server: WsServer, guard: Guard<IncomingMessage>): WsUpgrade {
    if (typeof server?.handleUpgrade !== "function" || server.options?.noServer !== true) {
      throw new TypeError(
        "sessionup/ws: server must be a WebSocketServer with { noServer: true }. Otherwise ws itself accepts every connection.",
      );
    }
    sendHandshakeHeaders(server);
    // Before the app replaces the method by this listener.
    const handleUpgrade = server.handleUpgrade.bind(server);
    const emit = (client: WsSocket, request: IncomingMessage) => {
      server.emit("connection", client, request);
    };
    return async (request, socket, head, onAccepted = emit) => {
      if (socket.destroyed) return;
      const exchange = beginHandshake(request, socket);
      const tracked = { handshake: live.beginHandshake(), stop: () => {} };
      const endHandshake = () => live.endHandshake(tracked.handshake);
      socket.once("close", () => {
        endHandshake();
        tracked.stop();
      });
      if (!(await isAdmitted(exchange, request, guard))) return;
      handleUpgrade(request, socket, head, (client) => {
        const isOpen = closeAtEnd(tracked, request, client);
        endHandshake();
        // The server creates the sockets that the caller expects.
        if (isOpen) onAccepted(client as never, request);
      });
    };
  }

  return {
    ...methods,
    public: (server, options) => upgradeListener(server, guards.public(options)),
    auth: (server, options) => upgradeListener(server, guards.auth(options)),
  };
}

function close(socket: WsSocket, reason: string): void {
  dropMessages(socket);
  socket.close(CLOSE_CODE, reason);
}
