import { createServer } from "node:http";
import type { Browser } from "playwright-core";
import type { ExpressSessionOptions } from "sessionup/express-session";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSite, VISITOR } from "../frameworks/express-session/_site.ts";
import { startChromium } from "../support/chromium.ts";
import { listen } from "../support/listen.ts";

describe("the cookie of visitors in Chromium", () => {
  let browser: Browser;

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
  }, 900_000);
  afterAll(() => browser?.close());

  it.each<[how: string, kind: string, seen: string, session: ExpressSessionOptions]>([
    ["by default", "link", "the data", {}],
    ["by default", "form", "nothing", {}],
    ['with sameSite "none"', "form", "the data", { sameSite: "none" }],
    ['with sameSite "strict"', "link", "nothing", { sameSite: "strict" }],
  ])("%s, a %s of another site finds %s", async (_how, kind, seen, session) => {
    await using site = await startSite(
      (req, res) => {
        if (req.path === "/callback") return res.end(String(req.session.state ?? "nothing"));
        req.session.state = "the data";
        return res.end("begun");
      },
      {
        session,
        before: (app) =>
          app.use("/callback", (req, res, next) =>
            site.sessions.public({ crossOrigin: "allow" })(req, res, next),
          ),
      },
    );
    const callback = `${site.origin}/callback`;
    const page =
      kind === "form"
        ? `<form method="post" action="${callback}"><button>Continue</button></form>`
        : `<a href="${callback}">Continue</a>`;
    const provider = await listen(
      createServer((_req, res) => res.setHeader("content-type", "text/html").end(page)),
    );
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(site.origin);
    expect((await context.cookies(site.origin)).map(({ name }) => name)).toEqual([VISITOR]);
    // Another site: the browser compares the names of the hosts.
    await tab.goto(provider.origin.replace("127.0.0.1", "localhost"));
    await tab.click("text=Continue");
    await tab.waitForURL(/callback/);
    expect(await tab.textContent("body")).toBe(seen);
    await context.close();
    await provider.close();
  });
});
