import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * What a proxy does with connections:
 * - `pass`: hands everything on.
 * - `hang`: takes connections and requests, and nothing comes back.
 * - `cut`: breaks a connection in the middle of the next reply, and every one after it.
 */
type Mode = "pass" | "hang" | "cut";

/** Stands between a client and its server, and fails as networks do. */
export class TcpProxy {
  readonly #target: () => number;
  readonly #connections = new Set<Socket>();
  #server: Server | undefined;
  #mode: Mode = "pass";
  #held: Array<() => void> = [];
  port = 0;

  /** The target is asked for at each connection: a server that was replaced is found. */
  constructor(target: number | (() => number)) {
    this.#target = typeof target === "number" ? () => target : target;
  }

  async start(): Promise<this> {
    const server = createServer((client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  /** From now on; what was held while it hung goes on its way. */
  set mode(mode: Mode) {
    this.#mode = mode;
    if (mode !== "pass") return;
    const held = this.#held;
    this.#held = [];
    for (const send of held) send();
  }

  /** Breaks all connections, and refuses new ones until `start`. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    this.cutAll();
    await closed;
  }

  /** Breaks all connections there are; new ones are taken. */
  cutAll(): void {
    this.#held = [];
    for (const socket of this.#connections) socket.destroy();
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  #accept(client: Socket): void {
    const server = connect(this.#target(), "127.0.0.1");
    for (const socket of [client, server]) {
      this.#connections.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#connections.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on("data", (chunk) => server.write(chunk));
    server.on("data", (chunk) => this.#reply(client, chunk));
  }

  #reply(client: Socket, chunk: Buffer): void {
    if (this.#mode === "hang" || this.#held.length > 0) {
      this.#held.push(() => client.write(chunk));
    } else if (this.#mode === "cut") {
      client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => client.destroy());
    } else {
      client.write(chunk);
    }
  }
}
