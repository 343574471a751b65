import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Guard } from "../http/middleware.ts";
import { createSessions, getInternals, type Sessions } from "../http/sessions.ts";
import { type OpenedSession, toOpenedSession } from "../lifecycle/connections.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { sendError } from "./shared/node-middleware.ts";
import { Connections, type WsSocket } from "./ws/connections.ts";
import { beginHandshake, findHandshake, type Handshake, sendHandshakeHeaders } from "./ws/handshake.ts";
import { parseWsOptions, type WsSessionsOptions } from "./ws/options.ts";

export type { WsSocket } from "./ws/connections.ts";
export type { WsSessionsOptions } from "./ws/options.ts";

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

/**
 * A listener for the event `upgrade` of `node:http` and `node:https`. Resolves when it has passed the connection to ws or
 * rejected it.
 */
export type WsUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

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

/**
 * Creates sessions for WebSocket upgrades on ws 8. When a session ends, or `rotate` or `reauthenticate` replaces its secret,
 * its connections close with code 4401 and the reason. An open connection does not count as activity, and neither do its
 * messages.
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
  const { recheck, reject = (error, _request, response) => sendError(error, response) } =
    parseWsOptions(options);
  const { methods, guards } = createSessions(manager, findHandshake);
  const lifecycle = getLifecycle(manager);
  const connections = new Connections(lifecycle, recheck);
  const { getState } = getInternals<IncomingMessage, In, Out>(methods);

  function toOpened(request: IncomingMessage): OpenedSession | undefined {
    const { result } = getState(request);
    return result?.state === "session" ? toOpenedSession(lifecycle, result) : undefined;
  }

  /** Whether the connection goes on: the guard admits the request, and the client is still connected. */
  async function isAdmitted(
    handshake: Handshake,
    request: IncomingMessage,
    guard: Guard<IncomingMessage>,
  ): Promise<boolean> {
    try {
      const rejection = await guard(request);
      if (rejection && !handshake.closed) await reject(rejection, request, handshake.openResponse());
      return !rejection && !handshake.closed;
    } catch (cause) {
      const error = new Error("sessionup/ws: an upgrade request failed.", { cause });
      lifecycle.events.emit("error", { error, at: lifecycle.options.clock() });
      handshake.fail();
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
    return async (request, socket, head) => {
      if (socket.destroyed) return;
      const handshake = beginHandshake(request, socket);
      const connection = connections.begin(socket);
      if (!(await isAdmitted(handshake, request, guard))) return;
      server.handleUpgrade(request, socket, head, (client) => {
        if (connections.establish(connection, toOpened(request), client))
          server.emit("connection", client, request);
      });
    };
  }

  return {
    ...methods,
    public: (server, options) => upgradeListener(server, guards.public(options)),
    auth: (server, options) => upgradeListener(server, guards.auth(options)),
  };
}
