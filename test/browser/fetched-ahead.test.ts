import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import type { Browser } from "playwright-core";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChromium } from "../support/chromium.ts";
import { listen } from "../support/listen.ts";

/** The ways in which a page asks a browser to prefetch another one. */
const HINTS: Readonly<Record<string, string>> = {
  "a link": '<link rel="prefetch" href="/next">',
  "prefetch rules":
    '<script type="speculationrules">{"prefetch":[{"urls":["/next"],"eagerness":"immediate"}]}</script>',
  "prerender rules":
    '<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script>',
};

describe("prefetching in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  }, 900_000);
  afterAll(() => browser?.close());

  it.each(Object.entries(HINTS))(
    "a prefetch with %s does not extend an idle session [asvs 7.3.1]",
    async (_how, hint) => {
      const clock = new TestClock();
      const manager = new Manager(memoryStore(), { clock: clock.now, idleTimeout: "10m" });
      const sessions = expressSessions(manager);
      const app = express();
      const server = createServer(app);
      app.get("/login", async (req, res) => {
        await sessions.init(req, "ann");
        // The clock advances before the browser requests the next page.
        clock.advance("5m");
        res.type("html").send(`<!doctype html><title>page</title>${hint}`);
      });
      app.get("/next", sessions.auth(), (_req, res) => {
        res.type("html").send("<!doctype html><title>next</title>");
        server.emit("next");
      });
      const { origin, close } = await listen(server);
      const context = await browser.newContext({ baseURL: origin.replace("127.0.0.1", "localhost") });
      try {
        const page = await context.newPage();
        const fetched = once(server, "next", { signal: AbortSignal.timeout(20_000) });
        await page.goto("/login");
        await fetched;
        const [ahead] = await manager.fetchByUserKey("ann");
        expect(ahead?.lastSeenAt).toEqual(ahead?.createdAt);
        // With a query it is another page, which was not prefetched.
        await page.goto("/next?shown");
        const [shown] = await manager.fetchByUserKey("ann");
        expect(shown?.lastSeenAt.getTime()).toBe(clock.now());
      } finally {
        await context.close();
        await close();
        await manager.close();
      }
    },
  );
});
