import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * How a proxy treats connections:
 * - `pass`: forwards everything.
 * - `hang`: accepts connections and forwards requests, but holds all replies.
 * - `cut`: breaks each connection in the middle of its next reply.
 */
export type Mode = "pass" | "hang" | "cut";

/** A proxy between a client and its server that can fail like a network. */
export class TcpProxy {
  readonly #target: () => number;
  readonly #wires = new Set<Wire>();
  #server: Server | undefined;
  #mode: Mode = "pass";
  #accepted = 0;
  port = 0;

  /** A function as `target` is called for each connection, so that the server can be replaced. */
  constructor(target: number | (() => number)) {
    this.#target = typeof target === "number" ? () => target : target;
  }

  async start(): Promise<this> {
    if (this.#server) return this;
    const server = createServer((client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** Changes the mode of all connections. Leaving `hang` releases the held replies. */
  set mode(mode: Mode) {
    this.#mode = mode;
    for (const wire of this.#wires) wire.resume();
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#wires.size;
  }

  /** The number of connections that clients have opened so far. It also counts those that were open for a moment. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Breaks all connections, and refuses new ones until `start`. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    this.cutAll();
    await closed;
  }

  /** Breaks all connections and keeps accepting new ones. */
  cutAll(): void {
    for (const wire of this.#wires) wire.break();
  }

  /** Resets all connections, as a restarted machine does. Clients receive an error instead of an end. */
  resetAll(): void {
    for (const wire of this.#wires) wire.reset();
  }

  /** Silences all existing connections for good, as a firewall does that drops their state. New ones work. */
  silence(): void {
    for (const wire of this.#wires) wire.silence();
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  #accept(client: Socket): void {
    this.#accepted++;
    const wire = new Wire(client, connect(this.#target(), "127.0.0.1"), () => this.#mode);
    this.#wires.add(wire);
    wire.onceBroken(() => this.#wires.delete(wire));
  }
}

/** A client's connection and the matching connection to the server. */
class Wire {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #mode: () => Mode;
  /** Replies that wait for the end of a hang, in order. */
  #held: Buffer[] = [];
  #cut = false;
  #silent = false;
  #serverGone = false;

  constructor(client: Socket, server: Socket, mode: () => Mode) {
    this.#client = client;
    this.#server = server;
    this.#mode = mode;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // The event `close` follows and is handled.
      socket.on("error", () => undefined);
    }
    client.on("data", (chunk) => !this.#silent && server.write(chunk));
    client.on("close", () => this.break());
    server.on("data", (chunk) => this.#reply(chunk));
    server.on("close", () => {
      this.#serverGone = true;
      this.#endWithServer();
    });
  }

  onceBroken(listener: () => void): void {
    this.#client.once("close", listener);
  }

  resume(): void {
    const held = this.#held;
    this.#held = [];
    for (const chunk of held) this.#reply(chunk);
    this.#endWithServer();
  }

  silence(): void {
    this.#silent = true;
    this.#held = [];
  }

  break(): void {
    this.#held = [];
    this.#client.destroy();
    this.#server.destroy();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.break();
  }

  #reply(chunk: Buffer): void {
    if (this.#cut || this.#silent) return;
    const mode = this.#mode();
    if (mode === "hang") {
      this.#held.push(chunk);
    } else if (mode === "cut") {
      // Later data must not fill the gap.
      this.#cut = true;
      this.#client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => this.break());
    } else {
      this.#client.write(chunk);
    }
  }

  /** Ends the client's connection after the server's last data. A hang delays both. */
  #endWithServer(): void {
    if (this.#serverGone && !this.#silent && this.#mode() !== "hang") this.#client.destroySoon();
  }
}
