import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Manager } from "sessionup";
import { nodeSessions } from "sessionup/node";
import type { TestClock } from "sessionup/testing";
import { type WsSessions, type WsSessionsOptions, wsSessions } from "sessionup/ws";
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";

/** The result of a handshake: a socket, or the response that replaced it. */
export interface Handshaken {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Connected only with status 101. */
  readonly socket: Socketed;
}

/** A WebSocket that keeps the messages that it received, in order. */
export class Socketed {
  readonly ws: WebSocket;
  readonly got: string[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data) => this.got.push(String(data)));
    this.closed = new Promise((resolve) => {
      ws.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
    ws.on("error", () => undefined);
  }

  /** Sends a message. Returns the server's reply to it. */
  async ask(text: string): Promise<string> {
    const answer = once(this.ws, "message");
    this.ws.send(text);
    return String((await answer)[0]);
  }
}

export interface SiteOptions {
  readonly manager: Manager;
  readonly clock?: TestClock;
  readonly options?: WsSessionsOptions;
  readonly wss?: ServerOptions;
}

/**
 * Pages on node:http that log in, and WebSockets of the same manager: `/private` behind auth, all others
 * public.
 */
export class WsSite {
  readonly manager: Manager;
  readonly sessions: WsSessions;
  readonly wss: WebSocketServer;
  readonly server: Server;
  readonly #running: Awaited<ReturnType<typeof listen>>;

  private constructor(
    manager: Manager,
    sessions: WsSessions,
    wss: WebSocketServer,
    server: Server,
    running: Awaited<ReturnType<typeof listen>>,
  ) {
    this.manager = manager;
    this.sessions = sessions;
    this.wss = wss;
    this.server = server;
    this.#running = running;
  }

  static async start({ manager, options, wss: given }: SiteOptions): Promise<WsSite> {
    const sessions = wsSessions(manager, options);
    const wss = new WebSocketServer({ noServer: true, ...given });
    const server = createServer(pages(manager));
    const guarded = sessions.auth(wss);
    const open = sessions.public(wss);
    server.on("upgrade", (request, socket, head) => {
      void (request.url?.startsWith("/private") ? guarded : open)(request, socket, head);
    });
    wss.on("connection", (ws, request) => {
      ws.on("error", () => undefined);
      ws.send(sessions.current(request)?.userKey ?? "guest");
      ws.on("message", (data) => ws.send(`got ${data}`));
    });
    return new WsSite(manager, sessions, wss, server, await listen(server));
  }

  get origin(): string {
    return this.#running.origin;
  }

  client(): ContractClient {
    return new ContractClient(this.origin);
  }

  async loggedIn(user = "ann"): Promise<ContractClient> {
    const client = this.client();
    await client.post(`/login?user=${user}`);
    return client;
  }

  /** Performs a handshake with a client's cookies. */
  connect(
    path: string,
    client: ContractClient = this.client(),
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Handshaken> {
    const sent = { ...(client.jar.size > 0 && { cookie: client.cookieHeader() }), ...headers };
    return handshake(`${this.origin.replace("http", "ws")}${path}`, sent).then((answer) => {
      client.keep(answer.headers["set-cookie"] ?? []);
      return answer;
    });
  }

  /** Sends a hand-written handshake, followed by `behind`. Returns the connection. */
  raw(path: string, client: ContractClient, behind: Uint8Array = new Uint8Array()): Socket {
    const { hostname, port, host } = new URL(this.origin);
    const socket = connectTcp(Number(port), hostname);
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString("base64")}`,
      `Cookie: ${client.cookieHeader()}`,
    ];
    socket.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), behind]));
    socket.on("error", () => undefined);
    return socket;
  }

  async close(): Promise<void> {
    for (const client of this.wss.clients) client.terminate();
    await this.#running.close();
    await this.manager.close();
  }
}

/** Performs a handshake with the client of ws. */
export function handshake(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: ClientOptions = {},
): Promise<Handshaken> {
  const ws = new WebSocket(url, { ...options, headers });
  const socket = new Socketed(ws);
  return new Promise((resolve, reject) => {
    let accepted: IncomingMessage | undefined;
    ws.on("upgrade", (response) => {
      accepted = response;
    });
    ws.on("open", () => resolve({ status: 101, headers: accepted?.headers ?? {}, body: "", socket }));
    ws.on("unexpected-response", async (_request, response) => {
      try {
        const body = await text(response);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, socket });
      } catch (error) {
        reject(error);
      }
    });
    ws.on("error", reject);
  });
}

/** Pages that log in and out, rotate and re-authenticate. */
export function pages(
  manager: Manager,
): (request: IncomingMessage, response: import("node:http").ServerResponse) => Promise<void> {
  const sessions = nodeSessions(manager);
  const auth = sessions.auth();
  const authorize = (response: import("node:http").ServerResponse) =>
    new Promise((resolve) => void auth(response.req, response, resolve));
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const user = searchParams.get("user") ?? "ann";
    if (pathname === "/login") await sessions.init(response, user);
    else if (pathname === "/logout") await sessions.revoke(response);
    else if (pathname === "/logout-others") await sessions.revokeOther(response);
    else if (pathname === "/rotate") await sessions.rotate(response);
    else if (pathname === "/reauthenticate") await sessions.reauthenticate(response);
    else if (pathname === "/auth" && (await authorize(response))) response.statusCode = 401;
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>page</title>");
  };
}
