import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NodeExchange } from "../shared/node-exchange.ts";

/**
 * The exchange over an upgrade request, which comes with a bare socket. A `ServerResponse` collects the headers. They are
 * sent with the 101 that ws writes, or with a rejection that the response itself writes.
 */
export class HandshakeExchange extends NodeExchange {
  readonly #response: ServerResponse;
  readonly #socket: Duplex;
  #accepted = false;

  constructor(request: IncomingMessage, socket: Duplex) {
    const response = new ServerResponse(request);
    super(request, response);
    this.#response = response;
    this.#socket = socket;
  }

  override blocked(): string | undefined {
    return this.#accepted ? "the handshake is complete" : super.blocked();
  }

  /** Does nothing: no cache stores a 101, and a rejection has headers of its own. */
  override setDefaultHeader(): void {}

  /** Whether the client has disconnected. */
  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Returns the header lines for the 101. No header can be set afterwards. */
  accept(): string[] {
    this.#accepted = true;
    return Object.entries(this.#response.getHeaders()).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}: ${each}`),
    );
  }

  /** Returns the response that is sent in place of a 101. The connection closes when it has been sent. */
  openResponse(): ServerResponse {
    const response = this.#response;
    response.shouldKeepAlive = false;
    // node:http passes a Socket with an upgrade. Only the methods of every stream are used.
    response.assignSocket(this.#socket as Socket);
    response.on("finish", () => this.#socket.end(() => this.#socket.destroy()));
    return response;
  }

  /** Responds 500 after an error in the app. A response that has been sent in part can only be cut off. */
  fail(): void {
    const response = this.#response.socket ? this.#response : this.openResponse();
    if (response.writableEnded) return;
    if (response.headersSent) {
      this.#socket.destroy();
      return;
    }
    response.statusCode = 500;
    response.end();
  }
}

// All managers share it: whichever manager let a request through, the methods of the others must find its handshake.
const handshakes = new WeakMap<IncomingMessage, HandshakeExchange>();

/**
 * Begins the handshake of an upgrade request, unless another guard has. Listens for the socket's errors, which Node itself no
 * longer does.
 */
export function beginHandshake(request: IncomingMessage, socket: Duplex): HandshakeExchange {
  const begun = handshakes.get(request);
  if (begun) return begun;
  socket.on("error", () => socket.destroy());
  const handshake = new HandshakeExchange(request, socket);
  handshakes.set(request, handshake);
  return handshake;
}

export function findHandshake(request: IncomingMessage): HandshakeExchange {
  const handshake = typeof request === "object" && request !== null && handshakes.get(request);
  if (handshake) return handshake;
  throw new TypeError(
    "sessionup/ws: the context must be the request of an upgrade that passed auth(server) or public(server). " +
      "Pass the `req` of the `connection` event. For other requests, use the adapter of their framework.",
  );
}

/** A server of ws, whose event `headers` precedes each 101. */
interface HeadersEmitter {
  on(event: "headers", listener: (lines: string[], request: IncomingMessage) => void): unknown;
}

const prepared = new WeakSet<HeadersEmitter>();

/** Makes a server send the headers of its handshakes with its 101s. Adds one listener, however often it is called. */
export function sendHandshakeHeaders(server: HeadersEmitter): void {
  if (prepared.has(server)) return;
  prepared.add(server);
  server.on("headers", (lines, request) => {
    lines.push(...(handshakes.get(request)?.accept() ?? []));
  });
}
