import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Duration, MAX_TIMER_DELAY, parseDuration } from "../duration.ts";
import type { SessionError } from "../errors.ts";
import type { Guard } from "../http/middleware.ts";
import { createSessions, getInternals, type Sessions } from "../http/sessions.ts";
import { type OpenedSession, toOpenedSession } from "../lifecycle/connections.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import { sendRejection } from "./shared/node-exchange.ts";
import { Connections, type WsSocket } from "./ws/connections.ts";
import { addLinesTo, exchangeOf, type Handshake, handshakeOf } from "./ws/handshake.ts";

export type { WsSocket } from "./ws/connections.ts";

/** What is used of a `WebSocketServer` of ws 8, made with `{ noServer: true }`. */
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

/** A listener of the event `upgrade` of `node:http` and `node:https`. Resolves when ws has the connection, or it was refused. */
export type WsUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

/**
 * The verbs with the request of the upgrade as their context. What sets a cookie can do so until the 101 is sent, in
 * `verifyClient` of ws say; then it throws `ERR_HEADERS_SENT`. The session is the one of the handshake, as it was then.
 */
export interface WsSessions<In = undefined, Out = In> extends Sessions<IncomingMessage, In, Out> {
  /** Lets everybody connect whose page is of an origin of yours: with the session if there is one. */
  public(server: WsServer, options?: PublicOptions): WsUpgrade;
  /** Lets those connect who have a session, else 401 with the reason, 403 to another origin's page, or 503 when the store does not answer. */
  auth(server: WsServer, options?: AuthOptions): WsUpgrade;
}

/** What the adapter of ws can be told. */
export interface WsSessionsOptions {
  /**
   * How often the store is asked, in one question, which sessions of open connections are over: those that ended in
   * another process or ran out. What ends through this manager closes at once. Default `"1m"`; at most `"24d"`.
   */
  readonly recheck?: Duration;
  /**
   * Answers in place of the JSON: `error.status` is 401, 403, or 503 when nobody knows. The connection closes when the
   * response has ended. No page can read it: browsers tell a script only that the connection failed.
   */
  readonly reject?: (error: SessionError, request: IncomingMessage, response: ServerResponse) => unknown;
}

/**
 * Sessions for the upgrade to a WebSocket on ws 8. When a session ends, or its secret is replaced by `rotate` or
 * `reauthenticate`, its connections are closed with code 4401 and the reason. An open connection is no activity: neither it nor its messages keep an idle session alive.
 *
 * Pages of other origins are refused, since browsers send cookies with their handshakes too: the manager's
 * `trustedOrigins` names those that may. Give the server `{ noServer: true }`, else ws lets everybody in beside this.
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
  checkOptionNames(options, "wsSessions", ["recheck", "reject"]);
  const { recheck = "1m", reject = (error, _request, response) => sendRejection(error, response) } = options;
  const every = parseDuration(recheck, "recheck");
  if (every > MAX_TIMER_DELAY) throw new TypeError('recheck: at most "24d"');
  const { verbs, guards } = createSessions(manager, exchangeOf);
  const lifecycle = getLifecycle(manager);
  const connections = new Connections(lifecycle, every);
  const { getState } = getInternals<IncomingMessage, In, Out>(verbs);

  function toOpened(request: IncomingMessage): OpenedSession | undefined {
    const { result } = getState(request);
    return result?.state === "session" ? toOpenedSession(lifecycle, result) : undefined;
  }

  /** Why there is no connection, or that there is nobody left to have one. */
  async function refused(
    handshake: Handshake,
    request: IncomingMessage,
    decide: Guard<IncomingMessage>,
  ): Promise<boolean> {
    try {
      const error = await decide(request);
      if (error && !handshake.gone) await reject(error, request, handshake.refusing());
      return error !== undefined || handshake.gone;
    } catch (cause) {
      const error = new Error("sessionup/ws: an upgrade could not be answered", { cause });
      lifecycle.events.emit("error", { error, at: lifecycle.options.clock() });
      handshake.fail();
      return true;
    }
  }

  function upgrade(server: WsServer, decide: Guard<IncomingMessage>): WsUpgrade {
    if (typeof server?.handleUpgrade !== "function" || server.options?.noServer !== true) {
      throw new TypeError(
        "sessionup/ws: needs the WebSocketServer, made with { noServer: true }; else it would let everybody in itself",
      );
    }
    addLinesTo(server);
    return async (request, socket, head) => {
      if (socket.destroyed) return;
      const handshake = handshakeOf(request, socket);
      const connection = connections.begin(socket);
      if (await refused(handshake, request, decide)) return;
      server.handleUpgrade(request, socket, head, (client) => {
        if (connections.establish(connection, toOpened(request), client))
          server.emit("connection", client, request);
      });
    };
  }

  return {
    ...verbs,
    public: (server, options) => upgrade(server, guards.public(options)),
    auth: (server, options) => upgrade(server, guards.auth(options)),
  };
}
