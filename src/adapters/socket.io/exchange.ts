import type { Exchange } from "../../exchange.ts";
import type { SocketIoSocket } from "./socket.ts";

/**
 * The exchange over the handshake of a connection. Engine.IO has answered the handshake before any middleware of a namespace
 * runs, so no header can be set.
 */
export class HandshakeExchange implements Exchange {
  readonly #handshake: SocketIoSocket["handshake"];

  constructor(handshake: SocketIoSocket["handshake"]) {
    this.#handshake = handshake;
  }

  /** Not GET, so that pages of other origins are rejected: events may change anything, and CORS does not cover WebSockets. */
  method(): string {
    return "CONNECT";
  }

  header(name: string): string | undefined {
    const value = this.#handshake.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** HTTP/2 has the host in a pseudo-header. */
  host(): string | undefined {
    return this.header("host") ?? this.header(":authority");
  }

  isHttps(): boolean {
    return this.#handshake.secure;
  }

  peerAddress(): string | undefined {
    return this.#handshake.address;
  }

  blocked(): string {
    return "the handshake has been answered";
  }

  // Not called, because `blocked` always returns a reason.
  setCookie(): void {}
  setHeader(): void {}
  setDefaultHeader(): void {}
}
