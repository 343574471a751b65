import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NodeExchange } from "../shared/node-exchange.ts";

/**
 * The port over a request to upgrade, which comes with a bare socket. A response of Node's own collects what is to go
 * out: with the 101, which ws writes, or with a refusal, which it writes itself.
 */
export class Handshake extends NodeExchange {
  readonly #response: ServerResponse;
  readonly #socket: Duplex;
  #accepted = false;

  constructor(request: IncomingMessage, socket: Duplex) {
    const response = new ServerResponse(request);
    super(request, response);
    this.#response = response;
    this.#socket = socket;
  }

  /** A GET by name alone: what it opens is for anything, and no CORS stands before it. */
  override method(): string {
    return "CONNECT";
  }

  override blocked(): string | undefined {
    return this.#accepted ? "the handshake is over" : super.blocked();
  }

  /** Nothing caches a 101, and a refusal has headers of its own. */
  override setDefaultHeader(): void {}

  /** Whether the client has left. */
  get gone(): boolean {
    return this.#socket.destroyed;
  }

  /** The lines for the 101; from then on it is too late for others. */
  accept(): string[] {
    this.#accepted = true;
    return Object.entries(this.#response.getHeaders()).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}: ${each}`),
    );
  }

  /** The response, which goes out in place of a 101; when it has, the connection closes. */
  refusing(): ServerResponse {
    const response = this.#response;
    response.shouldKeepAlive = false;
    // What node:http gives with an upgrade is one, and no more of it is used than what every stream has.
    response.assignSocket(this.#socket as Socket);
    response.on("finish", () => this.#socket.end(() => this.#socket.destroy()));
    return response;
  }

  /** Refuses because of a mistake in the app. What is on its way already can only be cut off. */
  fail(): void {
    const response = this.#response.socket ? this.#response : this.refusing();
    if (response.writableEnded) return;
    if (response.headersSent) {
      this.#socket.destroy();
      return;
    }
    response.statusCode = 500;
    response.end();
  }
}

// For all managers: whichever let a request through, the verbs of the others must find its handshake.
const handshakes = new WeakMap<IncomingMessage, Handshake>();

/** Begins the handshake of a request that Node has just handed over, with nobody left who listens for errors. */
export function handshakeOf(request: IncomingMessage, socket: Duplex): Handshake {
  socket.on("error", destroy);
  const handshake = new Handshake(request, socket);
  handshakes.set(request, handshake);
  return handshake;
}

function destroy(this: Duplex): void {
  this.destroy();
}

export function exchangeOf(request: IncomingMessage): Handshake {
  const handshake = typeof request === "object" && request !== null && handshakes.get(request);
  if (handshake) return handshake;
  throw new TypeError(
    "sessionup/ws: the context is the request of an upgrade that came through auth(server) or public(server): " +
      "pass the `req` of the event `connection`. For other requests use the adapter of their framework",
  );
}

/** What tells before a 101 is written, and waits for lines to be added. */
interface Accepting {
  on(event: "headers", listener: (lines: string[], request: IncomingMessage) => void): unknown;
}

const prepared = new WeakSet<Accepting>();

/** Lets what a handshake has collected go out with the 101s of this server; one listener, however often it is asked. */
export function addLinesTo(server: Accepting): void {
  if (prepared.has(server)) return;
  prepared.add(server);
  server.on("headers", (lines, request) => {
    lines.push(...(handshakes.get(request)?.accept() ?? []));
  });
}
