import { connect, type Socket } from "node:net";

/** How the server closed a WebSocket. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

const TEXT = 0x1;
const CLOSE = 0x8;

/**
 * A WebSocket client that does only what a test tells it to. It runs in every runtime, sends any header, and does not confirm
 * a close by itself.
 */
export class RawSocket {
  readonly #socket: Socket;
  /** The text messages of the server. */
  readonly messages: string[] = [];
  /** The status of the handshake's response. */
  readonly status: Promise<number>;
  readonly closed: Promise<Closed>;
  /** Resolves when the connection itself is closed. */
  readonly gone: Promise<void>;

  /** Begins a handshake. `origin` is the server's address, such as `http://127.0.0.1:3000`. */
  constructor(origin: string, path: string, headers: Readonly<Record<string, string>> = {}) {
    const { hostname, port, host } = new URL(origin);
    this.#socket = connect(Number(port), hostname);
    this.#socket.on("error", () => undefined);
    this.gone = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    const lines = Object.entries({
      host,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    const { status, closed } = this.#read();
    this.status = status;
    this.closed = closed;
  }

  /** Sends a text message of at most 64 kB. */
  send(text: string): void {
    this.#write(TEXT, Buffer.from(text));
  }

  /** Confirms a close. */
  confirmClose(): void {
    this.#write(CLOSE, Buffer.alloc(0));
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Encodes a frame as a client sends it, masked with zeros (RFC 6455 section 5.2). */
  #write(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...size, 0, 0, 0, 0]), payload]));
  }

  #read(): { status: Promise<number>; closed: Promise<Closed> } {
    let received = Buffer.alloc(0);
    let isOpen = false;
    let answer: (status: number) => void = () => {};
    let close: (closed: Closed) => void = () => {};
    const status = new Promise<number>((resolve) => {
      answer = resolve;
    });
    const closed = new Promise<Closed>((resolve) => {
      close = resolve;
    });
    this.#socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (!isOpen) {
        const end = received.indexOf("\r\n\r\n");
        if (end === -1) return;
        answer(Number(received.subarray(9, 12).toString()));
        received = received.subarray(end + 4);
        isOpen = true;
      }
      for (let frame = parseFrame(received); frame; frame = parseFrame(received)) {
        const { opcode, payload, size } = frame;
        received = received.subarray(size);
        if (opcode === TEXT) this.messages.push(payload.toString());
        if (opcode === CLOSE)
          close({ code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() });
      }
    });
    return { status, closed };
  }
}

/** Parses a frame of at most 64 kB that a server sent. Returns `undefined` until it is complete. */
function parseFrame(bytes: Buffer): { opcode: number; payload: Buffer; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, short = 0] = bytes;
  if (short === 126 && bytes.length < 4) return undefined;
  const begin = short === 126 ? 4 : 2;
  const size = begin + (short === 126 ? bytes.readUInt16BE(2) : short);
  if (bytes.length < size) return undefined;
  return { opcode: first & 0xf, payload: bytes.subarray(begin, size), size };
}
