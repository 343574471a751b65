import { describe, expect, it, vi } from "vitest";
import { Events } from "./events.ts";

const told = { reason: "no_cookie", at: 1 } as const;

describe("events", () => {
  it("tells every listener until it leaves", () => {
    const events = new Events();
    const heard: string[] = [];
    const off = events.on("rejected", () => heard.push("a"));
    events.on("rejected", ({ reason }) => heard.push(reason));
    events.on("created", () => heard.push("never"));
    events.emit("rejected", { ...told });
    off();
    off();
    events.emit("rejected", { ...told });
    expect(heard).toEqual(["a", "no_cookie", "no_cookie"]);
  });

  it("tells a listener twice that was added twice, and lets it leave one at a time", () => {
    const events = new Events();
    let heard = 0;
    const listener = () => void heard++;
    const off = events.on("rejected", listener);
    events.on("rejected", listener);
    events.emit("rejected", { ...told });
    off();
    events.emit("rejected", { ...told });
    expect(heard).toBe(3);
  });

  it("hands out what no listener can change", () => {
    const events = new Events();
    events.on("rejected", (event) => {
      expect(Object.isFrozen(event)).toBe(true);
    });
    events.emit("rejected", { ...told });
    expect.assertions(1);
  });

  it("tells the listeners of error what a listener throws, at once or later", async () => {
    const events = new Events();
    const causes: unknown[] = [];
    events.on("error", ({ error }) => causes.push(error.message, error.cause));
    events.on("rejected", () => {
      throw new Error("at once");
    });
    events.on("rejected", async () => {
      throw new Error("later");
    });
    events.emit("rejected", { ...told });
    await new Promise((resolve) => setImmediate(resolve));
    const message = 'sessionup: a listener of "rejected" failed';
    expect(causes).toEqual([message, new Error("at once"), message, new Error("later")]);
  });

  it("tells the console where nobody else listens, or the listener of errors fails itself", () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const events = new Events();
    events.on("rejected", () => {
      throw new Error("nobody hears");
    });
    events.emit("rejected", { ...told });
    events.on("error", () => {
      throw new Error("fails too");
    });
    events.emit("rejected", { ...told });
    expect(print.mock.calls.map(([error]) => (error as Error).message)).toEqual([
      'sessionup: a listener of "rejected" failed',
      'sessionup: a listener of "error" failed',
    ]);
    print.mockRestore();
  });

  it("takes functions only", () => {
    expect(() => new Events().on("rejected", "log" as never)).toThrow(
      'events.on("rejected"): needs a function',
    );
  });
});
