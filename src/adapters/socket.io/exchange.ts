import type { Exchange } from "../../exchange.ts";
import type { SocketIoSocket } from "./socket.ts";

/**
 * The exchange over the handshake of a connection. Engine.IO has answered the handshake before any middleware of a namespace
 * runs, so no header can be set.
 */
class HandshakeExchange implements Exchange {
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

/** Returns the exchange over a socket's handshake. Throws `TypeError` for anything but a socket. */
export function toHandshakeExchange(socket: SocketIoSocket): Exchange {
  return new HandshakeExchange(checkSocket(socket).handshake);
}

/** Returns a socket. Throws `TypeError` for anything else, also for the remote sockets that `io.fetchSockets()` returns. */
export function checkSocket(socket: SocketIoSocket): SocketIoSocket {
  if (socket?.handshake && socket.conn) return socket;
  throw new TypeError(
    "sessionup/socket.io: the context must be a socket of Socket.IO 4 on the server. " +
      "Pass the `socket` of the event `connection`. For HTTP requests, use the adapter of their framework.",
  );
}
