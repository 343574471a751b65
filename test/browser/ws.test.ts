import { createServer, type IncomingMessage } from "node:http";
import type { Browser, Page } from "playwright-core";
import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WsSite } from "../frameworks/ws/site.ts";
import { startChromium } from "../support/chromium.ts";
import { listen } from "../support/listen.ts";

/** The first event of a WebSocket in a page: its first message or its close. */
interface Seen {
  readonly said?: string;
  readonly code?: number;
}

describe("WebSockets in Chromium", () => {
  let browser: Browser;
  let site: WsSite;
  let other: Awaited<ReturnType<typeof listen>>;
  let page: Page;
  /** The received handshakes, and the browser's console messages about failed ones. */
  const handshakes: IncomingMessage[] = [];
  const complaints: string[] = [];

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
    site = await WsSite.start({
      manager: new Manager(memoryStore()),
      wss: {
        verifyClient: ({ req }, done) => {
          if (req.url !== "/enter") done(true);
          else void site.sessions.init(req, "cid", { expiresIn: "1h" }).then(() => done(true));
        },
      },
    });
    site.server.prependListener("upgrade", (request) => handshakes.push(request));
    other = await listen(
      createServer((_request, response) =>
        response.setHeader("content-type", "text/html").end("<title>x</title>"),
      ),
    );
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await other?.close();
  });
  beforeEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    page = await tab(await browser.newContext());
    handshakes.length = 0;
    complaints.length = 0;
  });

  async function tab(context: Awaited<ReturnType<Browser["newContext"]>>): Promise<Page> {
    const opened = await context.newPage();
    opened.on("console", (message) => complaints.push(message.text()));
    return opened;
  }

  /** Chromium keeps a Secure cookie for localhost, as for https. */
  const local = (origin: string) => origin.replace("127.0.0.1", "localhost");
  const socketUrl = (path: string) => `${local(site.origin).replace("http", "ws")}${path}`;

  /** Opens a WebSocket and keeps it open. Returns its first message, or its close code. */
  function open(from: Page, path: string): Promise<Seen> {
    return from.evaluate(
      (url) =>
        new Promise<Seen>((resolve) => {
          const ws = new WebSocket(url);
          Object.assign(window, { socketClosed: new Promise((done) => (ws.onclose = done)), ws });
          ws.onmessage = ({ data }) => resolve({ said: data });
          ws.addEventListener("close", ({ code }) => resolve({ code }));
        }),
      socketUrl(path),
    );
  }

  it("a page of the same origin can connect", async () => {
    await page.goto(`${local(site.origin)}/login?user=ann`);
    expect(await open(page, "/private")).toEqual({ said: "ann" });
    expect(handshakes[0]?.headers.origin).toBe(local(site.origin));
  });

  it("a sibling origin's page is rejected with 403, although the browser sends the cookie", async () => {
    await page.goto(`${local(site.origin)}/login?user=ann`);
    // Another port of a host is the same site, both for cookies and for SameSite.
    await page.goto(local(other.origin));
    expect(await open(page, "/private")).toEqual({ code: 1006 });
    expect(handshakes[0]?.headers.cookie).toMatch(/^__Host-sessionup=\w+\.\w+$/);
    expect(complaints.join()).toContain("Unexpected response code: 403");
    expect(await open(page, "/open")).toEqual({ code: 1006 });
    expect(site.wss.clients.size).toBe(0);
  });

  it("another site's page is rejected with 403", async () => {
    await page.goto(`${local(site.origin)}/login?user=ann`);
    await page.goto(other.origin);
    expect(await open(page, "/open")).toEqual({ code: 1006 });
    expect(handshakes[0]?.headers.cookie).toBeUndefined();
    expect(complaints.join()).toContain("Unexpected response code: 403");
  });

  it("a page's WebSocket closes when another tab signs out", async () => {
    await page.goto(`${local(site.origin)}/login?user=ann`);
    expect(await open(page, "/private")).toEqual({ said: "ann" });
    const second = await tab(page.context());
    await second.goto(`${local(site.origin)}/`);
    await second.evaluate(() => fetch("/logout", { method: "POST" }));
    const closed = await page.evaluate(async () => {
      const { code, reason, wasClean } = await (window as unknown as { socketClosed: Promise<CloseEvent> })
        .socketClosed;
      return { code, reason, wasClean };
    });
    expect(closed).toEqual({ code: 4401, reason: "logout", wasClean: true });
    expect(await open(page, "/private")).toEqual({ code: 1006 });
  });

  it("the browser keeps the cookie of a 101", async () => {
    await page.goto(`${local(site.origin)}/`);
    expect(await open(page, "/enter")).toEqual({ said: "cid" });
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({
      name: "__Host-sessionup",
      httpOnly: true,
      secure: true,
      sameSite: "Strict",
    });
    expect(await open(page, "/private")).toEqual({ said: "cid" });
  });
});
