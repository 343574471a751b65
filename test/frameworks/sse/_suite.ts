import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { Manager } from "sessionup";
import { type EventStream, type EventStreamOptions, eventStream } from "sessionup/sse";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { EventClient } from "../../support/event-source.ts";
import { GatedStore } from "../../support/gated-store.ts";
import { hearMessages } from "../../support/heard-messages.ts";

/** The parts of an app: `POST /login` logs "ann" in, and `GET /events`, behind `auth`, sends `open(…)`. */
export interface StreamApp {
  readonly manager: Manager;
  readonly open: typeof eventStream;
}

/** Starts an app that sends a stream in its framework's way. */
export type StartStreamApp = (app: StreamApp) => Promise<{ readonly origin: string; close(): Promise<void> }>;

/** Runs the tests of streams on a real server. `head` is the status of a HEAD request, which may be the framework's matter. */
export function streamSuite(start: StartStreamApp, { head = 200 } = {}): void {
  const site = new StreamSite();
  beforeAll(() => site.start(start), 600_000);
  afterAll(() => site.close());

  it("events arrive at once, and the last one says why the session ended", async () => {
    const { stream, response, client } = await site.connected();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream\b/);
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    for (const data of ["one", "two\nlines"]) {
      stream.send({ data });
      expect(await client.next()).toMatchObject({ data });
    }
    await site.manager.revokeByUserKey("ann");
    expect(await client.rest()).toEqual([
      { type: "session-ended", data: '{"reason":"revoked"}', lastEventId: "" },
    ]);
    expect(stream.signal.reason).toMatchObject({ reason: "revoked" });
  });

  it("a client that reconnects after the end gets 401", async () => {
    const browser = await site.loggedIn();
    await site.manager.revokeByUserKey("ann");
    const { status, text } = await browser.get("/events");
    expect([status, JSON.parse(text)]).toEqual([401, { error: "unauthorized", reason: "unknown" }]);
  });

  it("the source stops when the client disconnects", async () => {
    const messages = hearMessages("sessionup:live");
    const { stream, client } = await site.connected();
    expect(messages).toContainEqual({ kind: "sse", change: 1 });
    await client.close();
    await new Promise<void>((resolve) => {
      if (stream.signal.aborted) resolve();
      else stream.signal.addEventListener("abort", () => resolve());
    });
    expect(stream.send({ data: "late" })).toBe(false);
    expect(messages).toContainEqual({ kind: "sse", change: -1 });
  });

  it("the app can end the stream, and knows what the client has received when it reconnects", async () => {
    const { browser, stream, client } = await site.connected();
    stream.send({ id: "7", data: "x" });
    stream.close();
    expect(await client.rest()).toMatchObject([{ lastEventId: "7" }]);
    const again = await site.connect(browser, { "last-event-id": "7" });
    expect(again.stream.lastEventId).toBe("7");
    await again.client.close();
  });

  it("HEAD gets no events, and keeps nothing open", async () => {
    const { status, headers, text } = await (await site.loggedIn()).send("HEAD", "/events");
    expect([status, text]).toEqual([head, ""]);
    if (head === 200) expect(headers.get("content-type")).toMatch(/^text\/event-stream\b/);
    expect(site.streams.at(-1)?.signal.aborted).toBe(true);
  });

  it("a stream whose response sets the cookie still forbids compression", async () => {
    const browser = await site.loggedIn();
    site.clock.advance("10m");
    const { response, client } = await site.connect(browser);
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
    expect(response.headers.get("content-encoding")).toBeNull();
    await client.close();
  });
}

/** An app with a stream, and its clients. */
export class StreamSite {
  readonly clock = new TestClock();
  readonly store: GatedStore = new GatedStore();
  readonly manager: Manager = new Manager(this.store, { clock: this.clock.now, rotateEvery: "10m" });
  /** The streams that the app has opened, in order. */
  readonly streams: EventStream[] = [];
  #running: Awaited<ReturnType<StartStreamApp>> | undefined;
  readonly #options: EventStreamOptions;

  // With this heartbeat, only the connection itself tells that a client has disconnected.
  constructor(options: EventStreamOptions = { heartbeat: "24d" }) {
    this.#options = options;
  }

  async start(start: StartStreamApp): Promise<void> {
    // The two forms: with a context, or with bound sessions.
    const open = ((...args: Parameters<typeof eventStream>) => {
      const opened: EventStream | Promise<EventStream> = (
        eventStream as (...all: unknown[]) => EventStream | Promise<EventStream>
      )(...args, this.#options);
      if (!(opened instanceof Promise)) return this.#keep(opened);
      return opened.then((stream) => this.#keep(stream));
    }) as typeof eventStream;
    this.#running = await start({ manager: this.manager, open });
  }

  get origin(): string {
    return this.#running?.origin ?? "";
  }

  async loggedIn(): Promise<ContractClient> {
    const browser = new ContractClient(this.origin);
    await browser.post("/login");
    return browser;
  }

  /** Requests the stream, and waits for the first byte. */
  async connect(browser: ContractClient, headers: Readonly<Record<string, string>> = {}) {
    const response = await get(`${this.origin}/events`, {
      cookie: browser.cookieHeader(),
      "accept-encoding": "gzip",
      ...headers,
    });
    browser.keep(response.headers.getSetCookie());
    const client = new EventClient(response);
    await client.read();
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("The app has opened no stream.");
    return { browser, response, client, stream };
  }

  async connected() {
    return this.connect(await this.loggedIn());
  }

  async close(): Promise<void> {
    await this.#running?.close();
    await this.manager.close();
  }

  #keep(stream: EventStream): EventStream {
    this.streams.push(stream);
    return stream;
  }
}

/** Requests a URL. Not by `fetch`: Next.js, in the same process, makes that one read a copy of each response, too. */
async function get(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const [incoming] = (await once(request(url, { headers, agent: false }).end(), "response")) as [
    IncomingMessage,
  ];
  const received = new Headers();
  for (const [name, value] of Object.entries(incoming.headersDistinct))
    for (const line of value ?? []) received.append(name, line);
  // Cancelling the body closes the connection.
  const body = Readable.toWeb(incoming) as ReadableStream;
  return new Response(body, { status: incoming.statusCode ?? 0, headers: received });
}
