import { bindSessions } from "sessionup";
import { liveSessions } from "sessionup/live";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Browser, TestRequest } from "../../test/support/browser.ts";
import { EventClient } from "../../test/support/event-source.ts";
import { createHarness } from "../../test/support/harness.ts";
import type { ManagerOptions } from "../index.ts";
import { type EventStreamOptions, eventStream } from "./sse.ts";

/** A signed-in browser, and its streams. */
async function setUp(options: ManagerOptions = {}) {
  const harness = createHarness(options);
  const browser = new Browser();
  const { id } = await harness.login(browser);
  const open = async (streamOptions?: EventStreamOptions, request = browser.request("GET")) => {
    await harness.sessions.get(request);
    return eventStream(harness.sessions, request, streamOptions);
  };
  return { ...harness, browser, id, open };
}

describe("eventStream", () => {
  it("sends events, with headers that keep proxies and compression away", async () => {
    const { open } = await setUp();
    const stream = await open();
    const response = stream.toResponse();
    expect([...response.headers]).toEqual([
      ["cache-control", "no-store, no-transform"],
      ["content-type", "text/event-stream; charset=utf-8"],
      ["x-accel-buffering", "no"],
      ["x-content-type-options", "nosniff"],
    ]);
    const client = new EventClient(response);
    expect(stream.send({ event: "order", data: "{}", id: "7" })).toBe(true);
    expect(stream.comment("psst")).toBe(true);
    expect(await client.next()).toEqual({ type: "order", data: "{}", lastEventId: "7" });
    stream.close();
    expect(await client.rest()).toEqual([]);
    expect(client.parser.comments).toEqual(["psst"]);
    expect([stream.send({ data: "late" }), stream.comment("late")]).toEqual([false, false]);
  });

  it("keeps no-transform where the response also sets a cookie", async () => {
    const { browser, sessions } = await setUp();
    const request = browser.request("GET");
    await sessions.rotate(request);
    expect(request.responseHeaders.get("cache-control")).toBe("no-store");
    eventStream(sessions, request);
    expect(request.responseHeaders.get("cache-control")).toBe("no-store, no-transform");
  });

  it("has the id of the last event that the client received", async () => {
    const { browser, open } = await setUp();
    expect((await open()).lastEventId).toBeUndefined();
    const { headers } = browser.request("GET");
    const again = new TestRequest({ ...headers, "last-event-id": "7" }, "GET");
    expect((await open({}, again)).lastEventId).toBe("7");
  });

  it("answers HEAD with the headers alone, and stops the source", async () => {
    const { browser, open } = await setUp();
    const stream = await open({}, browser.request("HEAD"));
    expect(stream.signal.aborted).toBe(true);
    expect(await stream.toResponse().text()).toBe("");
  });

  it("a second call of toResponse throws", async () => {
    const { open } = await setUp();
    const stream = await open();
    await stream.toResponse().body?.cancel();
    expect(() => stream.toResponse()).toThrow(TypeError);
  });

  it("bound sessions load the session themselves", async () => {
    const { browser, sessions, manager, id } = await setUp();
    const bound = bindSessions(sessions, async () => browser.request("GET"));
    const stream = await eventStream(bound, { heartbeat: "1s" });
    const client = new EventClient(stream.toResponse());
    await client.read();
    await manager.revokeById(id);
    expect(await client.rest()).toMatchObject([{ type: "session-ended" }]);
    await expect(eventStream(bound)).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED", reason: "unknown" });
    await expect(eventStream(bound, { heartbeat: "soon" as never })).rejects.toThrow("eventStream.heartbeat");
  });

  it("throws without a session, where nothing was loaded, and for anything but sessions", async () => {
    const { sessions } = createHarness();
    const request = new TestRequest({}, "GET");
    expect(() => eventStream(sessions, request)).toThrow(
      "eventStream found no loaded session. Run public() or auth() before it, or await get() first.",
    );
    await sessions.get(request);
    expect(() => eventStream(sessions, request)).toThrow(
      expect.objectContaining({ code: "ERR_UNAUTHORIZED", reason: "no_cookie" }),
    );
    expect(() => eventStream({} as never, request)).toThrow("sessions must be the result of an adapter");
  });

  it.each<[options: unknown, error: string]>([
    [{ heartbeat: 15 }, "eventStream.heartbeat must be a duration"],
    [{ heartbeat: "25d" }, 'eventStream.heartbeat must be at most "24d".'],
    [{ maxBufferedBytes: 0 }, "eventStream.maxBufferedBytes must be a positive integer. Received 0."],
    [{ beat: "1s" }, '"beat" is not an option of eventStream.'],
    [null, "The options of eventStream must be an object."],
  ])("throws a TypeError for the options %j", async (options, error) => {
    const { open } = await setUp();
    await expect(open(options as EventStreamOptions)).rejects.toThrow(
      expect.objectContaining({ name: "TypeError", message: expect.stringContaining(error) }),
    );
  });
});

describe("the end of a stream", () => {
  it("tells the page why the session ended, after what was sent before", async () => {
    const { manager, id, open } = await setUp();
    const stream = await open();
    const client = new EventClient(stream.toResponse());
    await client.read();
    stream.send({ data: "before" });
    await manager.revokeById(id);
    expect(stream.send({ data: "after" })).toBe(false);
    expect(await client.rest()).toEqual([
      { type: "message", data: "before", lastEventId: "" },
      { type: "session-ended", data: '{"reason":"revoked"}', lastEventId: "" },
    ]);
    expect(stream.signal.reason).toMatchObject({ code: "ERR_UNAUTHORIZED", reason: "revoked" });
  });

  it("comes at once for a session that ended before the server read the stream", async () => {
    const { store, clock, id, open } = await setUp();
    const stream = await open();
    await store.deleteById(id, { reason: "revoked", now: clock.now() });
    const client = new EventClient(stream.toResponse());
    expect(await client.next()).toMatchObject({ data: '{"reason":"unknown"}' });
  });

  it("comes without an event when the secret is replaced: the browser reconnects with the new one", async () => {
    const { browser, sessions, open } = await setUp();
    const stream = await open();
    const client = new EventClient(stream.toResponse());
    await client.read();
    await browser.visit(sessions.rotate);
    expect(await client.rest()).toEqual([]);
    expect(stream.signal.reason).toMatchObject({ name: "AbortError" });
    expect((await open()).signal.aborted).toBe(false);
  });

  it("stops the source and the watching when the client disconnects", async () => {
    const { manager, id, open } = await setUp();
    const stream = await open();
    const client = new EventClient(stream.toResponse());
    await client.read();
    let stops = 0;
    stream.signal.addEventListener("abort", () => stops++);
    await client.close();
    expect([stream.signal.aborted, stops, stream.send({ data: "late" })]).toEqual([true, 1, false]);
    // Would throw in the manager's event if the stream were still watching.
    await manager.revokeById(id);
    stream.close();
    expect(stops).toBe(1);
  });

  it("happens once when a listener of the signal closes the stream, too", async () => {
    const { open } = await setUp();
    const stream = await open();
    stream.signal.addEventListener("abort", () => stream.close());
    stream.close();
    expect(await stream.toResponse().text()).toBe("");
  });
});

describe("a client that reads slowly", () => {
  it("gets what fits, and then the end: it reconnects with the id of the last event", async () => {
    const { open } = await setUp();
    const stream = await open({ maxBufferedBytes: 50 });
    const client = new EventClient(stream.toResponse());
    await client.read();
    const sent = ["1", "2", "3", "4"].map((id) => stream.send({ id, data: "0123456789" }));
    // 23 bytes each.
    expect(sent).toEqual([true, true, false, false]);
    expect(stream.signal.aborted).toBe(true);
    expect((await client.rest()).map(({ lastEventId }) => lastEventId)).toEqual(["1", "2"]);
  });

  it("gets a single event of any size, so that each connection makes progress", async () => {
    const { open } = await setUp();
    const stream = await open({ maxBufferedBytes: 1 });
    const client = new EventClient(stream.toResponse());
    await client.read();
    const data = "x".repeat(100_000);
    expect(stream.send({ data })).toBe(true);
    expect(stream.send({ data: "y" })).toBe(false);
    expect(await client.rest()).toEqual([{ type: "message", data, lastEventId: "" }]);
  });

  it("learns that its session ended even when no more events would fit", async () => {
    const { manager, id, open } = await setUp();
    const stream = await open({ maxBufferedBytes: 1 });
    const client = new EventClient(stream.toResponse());
    await client.read();
    stream.send({ data: "x" });
    await manager.revokeById(id);
    expect((await client.rest()).map(({ type }) => type)).toEqual(["message", "session-ended"]);
  });

  it("makes a source wait that awaits drained", async () => {
    const { open } = await setUp();
    const stream = await open({ maxBufferedBytes: 20 });
    const client = new EventClient(stream.toResponse());
    await client.read();
    const steps: string[] = [];
    const sent = (async () => {
      for (const data of ["a", "b", "c"]) {
        stream.send({ data });
        steps.push(data);
        await stream.drained();
      }
      stream.close();
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(steps).toEqual(["a"]);
    expect((await client.rest()).map(({ data }) => data)).toEqual(["a", "b", "c"]);
    await sent;
  });

  it("no longer makes a source wait when the stream has ended", async () => {
    const { open } = await setUp();
    const stream = await open();
    stream.send({ data: "a" });
    const drained = stream.drained();
    stream.close();
    await drained;
    await stream.drained();
  });
});

describe("with time", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("a heartbeat is sent every 15 seconds, unless something waits for the client", async () => {
    const { open } = await setUp();
    const stream = await open();
    const client = new EventClient(stream.toResponse());
    await client.read();
    const beat = client.read();
    await vi.advanceTimersByTimeAsync(14_999);
    expect(client.parser.comments).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await beat;
    expect(client.parser.comments).toEqual(["", ""]);
    await vi.advanceTimersByTimeAsync(60_000);
    stream.close();
    await client.rest();
    expect(client.parser.comments).toEqual(["", "", ""]);
  });

  it("the heartbeat's interval is an option", async () => {
    const { open } = await setUp();
    const client = new EventClient((await open({ heartbeat: "1s" })).toResponse());
    await client.read();
    const beat = client.read();
    await vi.advanceTimersByTimeAsync(1_000);
    await beat;
    expect(client.parser.comments).toEqual(["", ""]);
  });

  it("a stream that is never sent has no timer, and an ended one keeps none", async () => {
    const { open } = await setUp();
    // Those of the store.
    const before = vi.getTimerCount();
    const stream = await open();
    const response = stream.toResponse();
    stream.send({ data: "a" });
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(before);
    const client = new EventClient(response);
    await client.read();
    void client.read();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBeGreaterThan(before);
    await client.close();
    // The listeners for sessions remain for a minute, because the next stream often follows soon.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(before);
  });

  it("an open stream does not count as activity", async () => {
    const { clock, open } = await setUp({
      idleTimeout: "10m",
      live: liveSessions({ recheck: "24d" }),
    });
    const stream = await open();
    const client = new EventClient(stream.toResponse());
    await client.read();
    for (let minute = 0; minute < 10; minute++) {
      expect(stream.send({ data: String(minute) })).toBe(true);
      await client.next();
      clock.advance("1m");
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(await client.rest()).toMatchObject([{ type: "session-ended", data: '{"reason":"idle"}' }]);
  });

  it("a stream ends at the session's deadline while the store is down", async () => {
    const { clock, store, open } = await setUp({ expiresIn: "1h" });
    const client = new EventClient((await open()).toResponse());
    await client.read();
    await vi.advanceTimersByTimeAsync(0);
    store.fail("fetchByIds");
    clock.advance("1h");
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await client.rest()).toMatchObject([{ data: '{"reason":"expired"}' }]);
  });
});
