import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { bindSessions } from "../http/bound-sessions.ts";
import { Manager } from "../index.ts";
import { TestClock } from "../testing/test-clock.ts";
import { createFlash, type FlashOptions } from "./pocket.ts";

function setUp(options?: FlashOptions) {
  const clock = new TestClock();
  const store = new GatedStore();
  const sessions = testSessions(new Manager(store, { keys: ["k".repeat(32)], clock: clock.now }));
  return { clock, store, sessions, flash: createFlash(sessions, options) };
}

describe("createFlash", () => {
  it("the next page shows the messages once, grouped by type and in order", async () => {
    const { flash, store } = setUp();
    const browser = new Browser();
    await browser.visit((request) => {
      flash.add(request, "info", "Saved");
      flash.add(request, "error", "No photo");
      flash.add(request, "info", "Sent");
    });
    expect([...browser.jar.keys()]).toEqual(["__Host-sessionup-flash"]);
    const expected = { info: ["Saved", "Sent"], error: ["No photo"] };
    expect(await browser.visit((request) => flash.take(request))).toEqual(expected);
    expect(browser.jar.size).toBe(0);
    expect(await browser.visit((request) => flash.take(request))).toEqual({});
    expect(store.calls).toEqual([]);
  });

  it("take with a type leaves the messages of other types", async () => {
    const { flash } = setUp();
    const browser = new Browser();
    await browser.visit((request) => {
      flash.add(request, "info", "Saved");
      flash.add(request, "error", "No photo");
    });
    await browser.visit((request) => {
      expect(flash.take(request, "warning")).toEqual([]);
      expect(request.cookies).toEqual([]);
      expect(flash.take(request, "info")).toEqual(["Saved"]);
      expect(flash.take(request, "info")).toEqual([]);
    });
    expect(await browser.visit((request) => flash.take(request, "error"))).toEqual(["No photo"]);
    expect(browser.jar.size).toBe(0);
  });

  it("a page shows messages that its own request has added", async () => {
    const { flash } = setUp();
    const request = new Browser().request();
    flash.add(request, "info", "Saved");
    expect(flash.take(request, "info")).toEqual(["Saved"]);
    expect(flash.take(request)).toEqual({});
  });

  it("without messages, no cookie is set", () => {
    const { flash } = setUp();
    const request = new Browser().request("GET");
    expect([flash.take(request), flash.take(request, "info")]).toEqual([{}, []]);
    expect([request.cookies, [...request.responseHeaders]]).toEqual([[], []]);
  });

  it("the oldest messages give way when all exceed 3 kB, and one that alone exceeds 3 kB is rejected", async () => {
    const { flash } = setUp();
    const browser = new Browser();
    for (let count = 1; count <= 12; count++)
      await browser.visit((request) => flash.add(request, "info", `${count} ${"x".repeat(300)}`));
    const shown = await browser.visit((request) => flash.take(request, "info"));
    expect(shown.map((text) => text.split(" ")[0])).toEqual(["7", "8", "9", "10", "11", "12"]);
    await browser.visit((request) => flash.add(request, "info", "small"));
    await expect(
      browser.visit((request) => flash.add(request, "info", "x".repeat(3_000))),
    ).rejects.toMatchObject({ code: "ERR_META_INVALID" });
    expect(await browser.visit((request) => flash.take(request, "info"))).toEqual(["small"]);
  });

  it("messages that no page has shown end after the ttl", async () => {
    const { clock, flash } = setUp({ ttl: "1m" });
    const browser = new Browser();
    await browser.visit((request) => flash.add(request, "info", "Saved"));
    clock.advance("1m");
    expect(await browser.visit((request) => flash.take(request))).toEqual({});
  });

  it("any text is a type", async () => {
    const { flash } = setUp();
    const browser = new Browser();
    for (const type of ["__proto__", "constructor", ""])
      await browser.visit((request) => flash.add(request, type, "Saved"));
    const shown = await browser.visit((request) => flash.take(request));
    expect(Object.keys(shown)).toEqual(["__proto__", "constructor", ""]);
    expect(({} as Record<string, unknown>)["0"]).toBeUndefined();
  });

  it("the methods of bound sessions take no context, and read no session", async () => {
    const { sessions, store } = setUp();
    const request = new Browser().request();
    const flash = createFlash(bindSessions(sessions, async () => request));
    await flash.add("info", "Saved");
    expect(await flash.take("info")).toEqual(["Saved"]);
    expect(await flash.take()).toEqual({});
    expect(store.calls).toEqual([]);
  });

  it("throws for arguments and options that are wrong, and after the headers were sent", async () => {
    const { flash, sessions } = setUp();
    const request = new Browser().request();
    expect(() => flash.add(request, "info", undefined as never)).toThrow(
      "flash: message must be a string. Received undefined.",
    );
    expect(() => flash.add(request, 1 as never, "Saved")).toThrow(
      "flash: type must be a string. Received 1.",
    );
    expect(() => createFlash(sessions, { ttl: "soon" as never })).toThrow(
      "createFlash.ttl must be a duration",
    );
    request.sent = true;
    expect(() => flash.add(request, "info", "Saved")).toThrow(
      expect.objectContaining({ code: "ERR_HEADERS_SENT" }),
    );
    const withoutKeys = testSessions(new Manager(new GatedStore()));
    expect(() => createFlash(withoutKeys)).toThrow("createFlash requires the option keys.");
  });
});
