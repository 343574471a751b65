import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * What a proxy does with connections:
 * - `pass`: hands everything on.
 * - `hang`: takes connections and requests, and nothing comes back.
 * - `cut`: breaks a connection in the middle of the next reply, and every one after it.
 */
export type Mode = "pass" | "hang" | "cut";

/** Stands between a client and its server, and fails as networks do. */
export class TcpProxy {
  readonly #target: () => number;
  readonly #wires = new Set<Wire>();
  #server: Server | undefined;
  #mode: Mode = "pass";
  port = 0;

  /** The target is asked for at each connection: a server that was replaced is found. */
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

  /** From now on, for the connections there are too; what was held while it hung goes on its way. */
  set mode(mode: Mode) {
    this.#mode = mode;
    for (const wire of this.#wires) wire.resume();
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#wires.size;
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
    for (const wire of this.#wires) wire.break();
  }

  /** The same, as a machine does that has just been started: clients hear of an error, and not of an end. */
  resetAll(): void {
    for (const wire of this.#wires) wire.reset();
  }

  /** The connections there are go silent for ever, as when a firewall has forgotten them; new ones are not. */
  silence(): void {
    for (const wire of this.#wires) wire.silence();
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  #accept(client: Socket): void {
    const wire = new Wire(client, connect(this.#target(), "127.0.0.1"), () => this.#mode);
    this.#wires.add(wire);
    wire.onceBroken(() => this.#wires.delete(wire));
  }
}

/** A connection of a client's, and the one to the server that belongs to it. */
class Wire {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #mode: () => Mode;
  /** Replies that nobody has got yet, in their order. */
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
      // What follows is its close.
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
      // What comes after it must not fill the gap.
      this.#cut = true;
      this.#client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => this.break());
    } else {
      this.#client.write(chunk);
    }
  }

  /** A server's last words come before its end; while it hangs, neither does. */
  #endWithServer(): void {
    if (this.#serverGone && !this.#silent && this.#mode() !== "hang") this.#client.destroySoon();
  }
}
