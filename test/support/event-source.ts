/** An event as a page receives it. */
export interface ReceivedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** Parses event streams as the HTML Standard says in section 9.2.6, however the bytes are split. */
export class EventParser {
  /** The comments so far. */
  readonly comments: string[] = [];
  /** The time between reconnections in milliseconds, if the stream has set it. */
  retry: number | undefined;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #lastEventId = "";
  #type = "";
  #data: string[] = [];

  /** Returns the events that these bytes complete. */
  push(bytes: Uint8Array): ReceivedEvent[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ReceivedEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "") this.comments.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#lastEventId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return undefined;
  }

  #dispatch(): ReceivedEvent | undefined {
    const event = {
      type: this.#type || "message",
      data: this.#data.join("\n"),
      lastEventId: this.#lastEventId,
    };
    const isEmpty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    return isEmpty ? undefined : event;
  }
}

/** A client that reads a body only when the test asks for it. */
export class EventClient {
  readonly parser: EventParser = new EventParser();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #received: ReceivedEvent[] = [];

  constructor(response: Response) {
    if (!response.body) throw new Error("The response has no body.");
    this.#reader = response.body.getReader();
  }

  /** Returns the next event, or `undefined` when the stream has ended. */
  async next(): Promise<ReceivedEvent | undefined> {
    while (this.#received.length === 0 && (await this.read()));
    return this.#received.shift();
  }

  /** Returns all events until the stream ends. */
  async rest(): Promise<ReceivedEvent[]> {
    while (await this.read());
    return this.#received.splice(0);
  }

  /** Reads once. Returns the bytes, or `undefined` when the stream has ended. */
  async read(): Promise<Uint8Array | undefined> {
    const { value } = await this.#reader.read();
    if (value) this.#received.push(...this.parser.push(value));
    return value;
  }

  /** Disconnects. */
  close(): Promise<void> {
    return this.#reader.cancel();
  }
}
