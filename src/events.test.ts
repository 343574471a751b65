import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, vi } from "vitest";
import { Events } from "./events.ts";
import type { SessionId } from "./session.ts";

const EVENT = { reason: "no_cookie", at: 1 } as const;

describe("events", () => {
  it("calls every listener of an event until it is removed", () => {
    const events = new Events();
    const heard: string[] = [];
    const off = events.on("rejected", () => heard.push("a"));
    events.on("rejected", ({ reason }) => heard.push(reason));
    events.on("created", () => heard.push("never"));
    events.emit("rejected", { ...EVENT });
    off();
    off();
    events.emit("rejected", { ...EVENT });
    expect(heard).toEqual(["a", "no_cookie", "no_cookie"]);
  });

  it("a listener that is added twice is called twice and removed one at a time", () => {
    const events = new Events();
    let heard = 0;
    const listener = () => void heard++;
    const off = events.on("rejected", listener);
    events.on("rejected", listener);
    events.emit("rejected", { ...EVENT });
    off();
    events.emit("rejected", { ...EVENT });
    expect(heard).toBe(3);
  });

  it("listeners receive a frozen event", () => {
    const events = new Events();
    events.on("rejected", (event) => {
      expect(Object.isFrozen(event)).toBe(true);
    });
    events.emit("rejected", { ...EVENT });
    expect.assertions(1);
  });

  it("each event is also published on its diagnostics channel, frozen and with or without listeners", () => {
    const events = new Events();
    const heard: unknown[] = [];
    const hear = (message: unknown) => void heard.push([message, Object.isFrozen(message)]);
    subscribe("sessionup:rejected", hear);
    events.emit("rejected", { ...EVENT });
    events.on("rejected", () => undefined);
    events.emit("rejected", { ...EVENT, at: 2 });
    events.emit("rotated", { id: "1" as SessionId, userKey: "ann", at: 3, cause: "time" });
    unsubscribe("sessionup:rejected", hear);
    events.emit("rejected", { ...EVENT });
    expect(heard).toEqual([
      [EVENT, true],
      [{ ...EVENT, at: 2 }, true],
    ]);
  });

  it("errors of synchronous and asynchronous listeners go to the listeners of error", async () => {
    const events = new Events();
    const causes: unknown[] = [];
    events.on("error", ({ error }) => causes.push(error.message, error.cause));
    events.on("rejected", () => {
      throw new Error("at once");
    });
    events.on("rejected", async () => {
      throw new Error("later");
    });
    events.emit("rejected", { ...EVENT });
    await new Promise((resolve) => setImmediate(resolve));
    const message = 'sessionup: a listener of "rejected" failed.';
    expect(causes).toEqual([message, new Error("at once"), message, new Error("later")]);
  });

  it("errors go to the console without a listener of error, or if that listener fails", () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const events = new Events();
    events.on("rejected", () => {
      throw new Error("no listener of error");
    });
    events.emit("rejected", { ...EVENT });
    events.on("error", () => {
      throw new Error("fails itself");
    });
    events.emit("rejected", { ...EVENT });
    expect(print.mock.calls.map(([error]) => (error as Error).message)).toEqual([
      'sessionup: a listener of "rejected" failed.',
      'sessionup: a listener of "error" failed.',
    ]);
    print.mockRestore();
  });

  it("on rejects a listener that is not a function", () => {
    expect(() => new Events().on("rejected", "log" as never)).toThrow(
      'The listener of events.on("rejected") must be a function. Received string.',
    );
  });
});
