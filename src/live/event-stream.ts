import { SessionError } from "../errors.ts";
import { type EventStreamTarget, pipeEvents } from "./event-stream-target.ts";
import type { ConnectionEnd } from "./handshake.ts";
import { formatComment, formatEvent, type ServerEvent } from "./server-event.ts";

/** A stream of events to one client. It ends with the session. */
export interface EventStream {
  /** The id of the last event that the client has received, if it reconnects. A client can send any text. */
  readonly lastEventId: string | undefined;
  /**
   * Aborted when the stream ends: with the session, by `close()`, or because the client disconnected or read too slowly. Pass it
   * to the source of the events. Its `reason` is a `SessionError` if the session has ended.
   */
  readonly signal: AbortSignal;
  /**
   * Sends an event, without waiting for the client. Returns false when the stream has ended, or ends now because too much waits
   * for the client: the event is then lost. Throws `TypeError` for an invalid event.
   */
  send(event: ServerEvent): boolean;
  /** Sends a comment, which browsers ignore. Returns the same as `send`. */
  comment(text: string): boolean;
  /** Resolves when nothing waits for the client, or the stream has ended. For sources that can wait, such as a long list. */
  drained(): Promise<void>;
  /** Ends the stream. The browser reconnects, and gets this route's response then. */
  close(): void;
  /** Returns the response, for frameworks whose handlers return one, and for Fastify's `reply.send`. Call it once. */
  toResponse(): Response;
  /** Writes the response to Node's, for Node.js, Express, Koa and NestJS. Call it once, and do not await it. */
  pipe(response: EventStreamTarget): void;
}

/** The parts of a stream that depend on the request. @internal */
export interface EventStreamSource {
  readonly lastEventId: string | undefined;
  readonly heartbeat: number;
  readonly maxBufferedBytes: number;
  /** Watches the session until it ends or the returned function is called. */
  watch(end: (reason: ConnectionEnd) => void): () => void;
}

/** With `no-transform`, compression leaves the stream alone: it would hold events back until it has enough of them. */
export const EVENT_STREAM_CACHE_CONTROL = "no-store, no-transform";

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": EVENT_STREAM_CACHE_CONTROL,
  // Nginx would collect events before it passes them on.
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

const encoder = new TextEncoder();

/** The stream, over a web stream whose queue holds the bytes that wait for the client. @internal */
export class SessionEventStream implements EventStream {
  readonly lastEventId: string | undefined;
  readonly #source: EventStreamSource;
  readonly #ending = new AbortController();
  readonly #body: ReadableStream<Uint8Array>;
  #queue!: ReadableStreamDefaultController<Uint8Array>;
  #isTaken = false;
  #waiters: (() => void)[] = [];
  #stop: (() => void) | undefined;

  constructor(source: EventStreamSource) {
    this.lastEventId = source.lastEventId;
    this.#source = source;
    this.#body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#queue = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#finish(),
      },
      // Without a high-water mark, nothing is pulled before the server reads: a response that is never sent has no timer.
      { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  send(event: ServerEvent): boolean {
    return this.#write(formatEvent(event));
  }

  comment(text: string): boolean {
    return this.#write(formatComment(text));
  }

  drained(): Promise<void> {
    if (this.signal.aborted || this.#buffered === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  close(): void {
    if (this.signal.aborted) return;
    this.#queue.close();
    this.#finish();
  }

  toResponse(): Response {
    return new Response(this.#take(), { headers: HEADERS });
  }

  pipe(response: EventStreamTarget): void {
    pipeEvents(this.#take(), response, HEADERS);
  }

  /** Returns the body for the one response. Some runtimes would let two responses share it. */
  #take(): ReadableStream<Uint8Array> {
    if (this.#isTaken) throw new TypeError("An event stream has one response: call toResponse or pipe once.");
    this.#isTaken = true;
    return this.#body;
  }

  /** The number of bytes that wait for the client. */
  get #buffered(): number {
    return -(this.#queue.desiredSize ?? 0);
  }

  #write(text: string): boolean {
    if (this.signal.aborted) return false;
    const bytes = encoder.encode(text);
    const waiting = this.#buffered;
    if (waiting > 0 && waiting + bytes.byteLength > this.#source.maxBufferedBytes) {
      this.close();
      return false;
    }
    this.#queue.enqueue(bytes);
    return true;
  }

  /** Begins to watch when the client reads for the first time. Called whenever nothing waits for a client that reads. */
  #pull(): void {
    this.#stop ??= this.#watch();
    this.#releaseWaiters();
  }

  #watch(): () => void {
    // Events that wait keep the connection open, too.
    const beat = () => this.#buffered === 0 && this.comment("");
    const timer = setInterval(beat, this.#source.heartbeat);
    const unwatch = this.#source.watch((reason) => this.#endWithSession(reason));
    // Some servers send the headers with the first bytes only.
    this.comment("");
    return () => {
      clearInterval(timer);
      unwatch();
    };
  }

  #endWithSession(reason: ConnectionEnd): void {
    // The session lives on with another secret. The browser reconnects with it, and a thief of the old one cannot.
    if (reason === "rotated") {
      this.close();
      return;
    }
    const event = { event: "session-ended", data: JSON.stringify({ reason }) };
    this.#queue.enqueue(encoder.encode(formatEvent(event)));
    this.#queue.close();
    this.#finish(SessionError.unauthorized(reason));
  }

  #finish(reason?: SessionError): void {
    if (this.signal.aborted) return;
    this.#stop?.();
    this.#ending.abort(reason);
    this.#releaseWaiters();
  }

  #releaseWaiters(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
