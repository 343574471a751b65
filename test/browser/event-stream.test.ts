import { createServer } from "node:http";
import type { Browser, Page } from "playwright-core";
import { Manager } from "sessionup";
import { nodeSessions } from "sessionup/node";
import { eventStream } from "sessionup/sse";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SwitchableStore } from "../../src/testing/adapter/fixture.ts";
import { startChromium } from "../support/chromium.ts";
import { listen } from "../support/listen.ts";

describe("an event stream in Chromium", () => {
  const store = new SwitchableStore();
  const manager = new Manager(store);
  const sessions = nodeSessions(manager);
  const auth = sessions.auth();
  let browser: Browser;
  let site: Awaited<ReturnType<typeof listen>>;
  let page: Page;

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
    site = await listen(
      createServer(async (req, res) => {
        if (req.url === "/events") {
          await auth(req, res, () => {
            const stream = eventStream(sessions, res);
            stream.send({ id: "7", retry: "1s", data: `${stream.lastEventId ?? "new"}\nclient` });
            stream.pipe(res);
          });
          return;
        }
        if (req.url === "/login") await sessions.init(res, "ann");
        else if (req.url === "/logout") await sessions.revoke(res);
        else if (req.url === "/rotate") await sessions.rotate(res);
        res.setHeader("content-type", "text/html").end("<!doctype html><title>page</title>");
      }),
    );
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await manager.close();
  });
  beforeEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    store.down = false;
    page = await (await browser.newContext()).newPage();
    // Chromium keeps a Secure cookie for localhost, as for https.
    await page.goto(`${site.origin.replace("127.0.0.1", "localhost")}/login`);
  });

  /** Opens a stream, and returns a function that waits for this many things that the page has noticed. */
  async function open(): Promise<(count: number) => Promise<readonly string[]>> {
    await page.evaluate(() => {
      const noticed: string[] = [];
      const source = new EventSource("/events");
      Object.assign(window, { noticed });
      source.onmessage = ({ data, lastEventId }) => noticed.push(`message ${lastEventId}: ${data}`);
      source.addEventListener("session-ended", ({ data }) => noticed.push(`ended: ${data}`));
      source.onerror = () => noticed.push(`error, state ${source.readyState}`);
    });
    return async (count) => {
      await page.waitForFunction((count) => (window as unknown as Noticing).noticed.length >= count, count);
      return page.evaluate(() => (window as unknown as Noticing).noticed);
    };
  }

  it("a page learns that another tab has signed out, and a further request ends its stream for good", async () => {
    const noticed = await open();
    await noticed(1);
    const other = await page.context().newPage();
    await other.goto(page.url().replace("/login", "/"));
    await other.evaluate(() => fetch("/logout", { method: "POST" }));
    expect(await noticed(4)).toEqual([
      "message 7: new\nclient",
      'ended: {"reason":"logout"}',
      "error, state 0",
      "error, state 2",
    ]);
  });

  it("a page reconnects with the new cookie when the secret is replaced", async () => {
    const noticed = await open();
    await noticed(1);
    await page.evaluate(() => fetch("/rotate", { method: "POST" }));
    expect(await noticed(3)).toEqual(["message 7: new\nclient", "error, state 0", "message 7: 7\nclient"]);
  });

  it("a page without a session, or during an outage, gets one error and no stream", async () => {
    store.down = true;
    expect(await (await open())(1)).toEqual(["error, state 2"]);
    store.down = false;
    await page.context().clearCookies();
    expect(await (await open())(1)).toEqual(["error, state 2"]);
  });
});

interface Noticing {
  readonly noticed: string[];
}
