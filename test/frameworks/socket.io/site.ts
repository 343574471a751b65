import { createServer, type Server as HttpServer } from "node:http";
import type { Manager } from "sessionup";
import {
  type SocketIoMiddleware,
  type SocketIoSessions,
  type SocketIoSessionsOptions,
  socketIoSessions,
} from "sessionup/socket.io";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { type Socket as ClientSocket, io as connectTo, type ManagerOptions } from "socket.io-client";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { pages } from "../ws/site.ts";

export const TRANSPORTS = ["polling", "websocket"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The `data` of a `connect_error`. */
export interface Rejected {
  readonly message: string;
  readonly data?: { readonly status: number; readonly error: string; readonly reason?: string };
}

/** A client's socket that keeps what it receives. */
export class Connected {
  readonly socket: ClientSocket;
  /** The arguments of all events, with their names. */
  readonly got: unknown[][] = [];
  /** The reason of the session's end, if the server sent one, and the reason of the disconnect. */
  readonly closed: Promise<{ readonly ended: unknown; readonly reason: string }>;

  constructor(socket: ClientSocket) {
    this.socket = socket;
    socket.onAny((...args: unknown[]) => this.got.push(args));
    this.closed = new Promise((resolve) => {
      socket.on("disconnect", (reason) => resolve({ ended: this.find("session_ended"), reason }));
    });
  }

  /** Returns the first argument of the first event of this name. */
  find(event: string): unknown {
    return this.got.find(([name]) => name === event)?.[1];
  }

  /** Sends a text. Returns the server's reply. */
  ask(text: string): Promise<string> {
    return this.socket.timeout(10_000).emitWithAck("ask", text);
  }
}

export interface ConnectOptions {
  readonly transport?: Transport;
  readonly client?: ContractClient;
  readonly headers?: Readonly<Record<string, string>>;
  readonly more?: Partial<ManagerOptions>;
}

export interface SiteOptions {
  readonly manager: Manager;
  readonly options?: SocketIoSessionsOptions;
  readonly io?: Partial<ServerOptions>;
  /** Runs before the middleware of the namespaces is added. */
  readonly prepare?: (io: Server, sessions: SocketIoSessions) => unknown;
}

/**
 * Pages on node:http that log in, and Socket.IO on the same server: `/private` and `/second` behind auth, the main namespace
 * behind public.
 */
export class IoSite {
  readonly manager: Manager;
  readonly sessions: SocketIoSessions;
  readonly io: Server;
  readonly server: HttpServer;
  readonly #running: Awaited<ReturnType<typeof listen>>;
  readonly #clients = new Set<ClientSocket>();

  private constructor(
    { manager }: SiteOptions,
    sessions: SocketIoSessions,
    io: Server,
    server: HttpServer,
    running: Awaited<ReturnType<typeof listen>>,
  ) {
    this.manager = manager;
    this.sessions = sessions;
    this.io = io;
    this.server = server;
    this.#running = running;
  }

  static async start(given: SiteOptions): Promise<IoSite> {
    const { manager } = given;
    const sessions = socketIoSessions(manager, given.options);
    const server = createServer(pages(manager));
    const io = new Server(server, { ...given.io });
    await given.prepare?.(io, sessions);
    const guards: readonly [string, SocketIoMiddleware][] = [
      ["/", sessions.public()],
      ["/private", sessions.auth()],
      ["/second", sessions.auth()],
    ];
    for (const [name, guard] of guards) {
      io.of(name).use(guard);
      io.of(name).on("connection", (socket: Socket) => {
        socket.emit("hello", sessions.current(socket)?.userKey ?? "guest");
        socket.on("ask", (text, reply) => reply(`got ${text}`));
      });
    }
    return new IoSite(given, sessions, io, server, await listen(server));
  }

  get origin(): string {
    return this.#running.origin;
  }

  client(): ContractClient {
    return new ContractClient(this.origin);
  }

  async loggedIn(user = "ann"): Promise<ContractClient> {
    const client = this.client();
    await client.post(`/login?user=${encodeURIComponent(user)}`);
    return client;
  }

  /** Opens a socket with a client's cookies, on a connection of its own. */
  open(
    namespace: string,
    { transport = "websocket", client, headers, more }: ConnectOptions = {},
  ): Connected {
    const cookie = client && client.jar.size > 0 && { cookie: client.cookieHeader() };
    const socket = connectTo(`${this.origin}${namespace}`, {
      transports: [transport],
      extraHeaders: { ...cookie, ...headers },
      forceNew: true,
      reconnection: false,
      ...more,
    });
    this.#clients.add(socket);
    return new Connected(socket);
  }

  /** Connects a socket with a client's cookies. Throws the server's error when it is rejected. */
  async connect(namespace: string, options?: ConnectOptions): Promise<Connected> {
    const connected = this.open(namespace, options);
    await settle(connected.socket);
    return connected;
  }

  /** Returns the error with which the server rejects a socket. */
  async reject(namespace: string, options?: ConnectOptions): Promise<Rejected> {
    const error = await this.connect(namespace, options).then(
      () => new Error("The socket was accepted."),
      (error: Rejected) => error,
    );
    return {
      message: error.message,
      ...("data" in error && { data: error.data as Rejected["data"] & object }),
    };
  }

  /** Opens a connection over polling, of which a test sends and receives the packets one by one. */
  async poll(client: ContractClient): Promise<RawPolling> {
    const url = `${this.origin}/socket.io/?EIO=4&transport=polling`;
    const answer = await fetch(url, { headers: { cookie: client.cookieHeader() } });
    const { sid } = JSON.parse((await answer.text()).slice(1));
    return new RawPolling(`${url}&sid=${sid}`);
  }

  /** Disconnects all clients. */
  forget(): void {
    for (const socket of this.#clients) socket.io._close();
    this.#clients.clear();
  }

  async close(): Promise<void> {
    this.forget();
    await this.io.close();
    this.server.closeAllConnections();
    await this.manager.close();
  }
}

/** A connection over polling whose packets a test writes, as text of the protocols of Engine.IO and Socket.IO. */
class RawPolling {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends packets. Returns the status. */
  async send(...packets: readonly string[]): Promise<number> {
    const { status } = await fetch(this.#url, { method: "POST", body: packets.join("\x1e") });
    return status;
  }

  /** Returns the packets that the server has sent since. */
  async receive(): Promise<readonly string[]> {
    const answer = await fetch(this.#url);
    return (await answer.text()).split("\x1e");
  }
}

/** Resolves when a socket has connected, and rejects when it could not. */
export function settle(socket: ClientSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
}
