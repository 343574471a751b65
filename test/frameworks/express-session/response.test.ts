import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Answer, Browser } from "./_browser.ts";
import { countHits, EXPRESS, type Site, startSite, VISITOR } from "./_site.ts";

describe.each([...EXPRESS])("a response behind req.session, on %s", (_version, express) => {
  it("waits for the save, and later headers and output are not part of it", async () => {
    await using site = await startSite(
      (req, res) => {
        if (req.path === "/other") return res.end();
        req.session.seen = true;
        res.status(201).set("x-first", "1").end("first");
        res.status(500).set("x-second", "1").end("second");
        return res.write("third");
      },
      { express },
    );
    const answer = await getThroughGate(site, site.open(), "create");
    expect(answer).toMatchObject({ status: 201, text: "first" });
    expect(answer.headers.get("x-first")).toBe("1");
    expect(answer.headers.get("x-second")).toBeNull();
  });

  it("waits for the activity to be written", async () => {
    let now = Date.now();
    await using site = await startSite(
      (req, res) => res.end(req.path === "/other" ? "" : String(req.session.a)),
      { express, clock: () => now, manager: { idleTimeout: "30m" } },
    );
    const browser = site.open();
    await browser.post("/login");
    now += 20 * 60_000;
    expect((await getThroughGate(site, browser, "update")).status).toBe(200);
  });

  it("the first head of a waiting response counts, as in Node", async () => {
    await using site = await startSite(
      (req, res) => {
        req.session.seen = true;
        res.writeHead(201, { "x-first": "1" });
        res.writeHead(500);
        res.end("first");
      },
      { express },
    );
    const answer = await site.open().get();
    expect(answer).toMatchObject({ status: 201, text: "first" });
    expect(answer.headers.get("x-first")).toBe("1");
  });

  it("a stream continues after the save", async () => {
    const parts = Array.from({ length: 200 }, (_, index) => `${index} ${"x".repeat(1_000)}\n`);
    await using site = await startSite(
      (req, res) => {
        req.session.seen = true;
        Readable.from(parts).pipe(res);
      },
      { express },
    );
    expect((await site.open().get()).text).toBe(parts.join(""));
  });

  it("cookies of the handler stay beside that of the session", async () => {
    await using site = await startSite(
      (req, res) => {
        req.session.seen = true;
        if (req.path === "/head") return res.writeHead(200, { "Set-Cookie": "theme=dark" }).end();
        return res.cookie("theme", "dark").end();
      },
      { express },
    );
    for (const path of ["/", "/head"]) {
      const { cookies } = await site.open().get(path);
      expect([...cookies.keys()].sort()).toEqual([VISITOR, "theme"]);
    }
  });

  it("data that is set while a streamed response is running is saved before its end", async () => {
    await using site = await startSite(
      (req, res) => {
        if (req.path === "/stream") {
          res.write("a part, ");
          req.session.progress = "half";
        }
        res.end(String(req.session.progress));
      },
      { express },
    );
    const browser = site.open();
    await browser.post("/login");
    expect((await browser.get("/stream")).text).toBe("a part, half");
    expect((await browser.get("/")).text).toBe("half");
  });

  it("data that is set while the arguments of res.end are computed is saved", async () => {
    await using site = await startSite(
      (req, res) => {
        const hit = () => {
          req.session.hit = true;
          return "saved";
        };
        res.end(hit());
      },
      { express },
    );
    const browser = site.open();
    expect((await browser.get()).text).toBe("saved");
    expect(browser.jar.has(VISITOR)).toBe(true);
  });

  it("a client that leaves during the save breaks nothing", async () => {
    await using site = await startSite(countHits, { express });
    const gate = site.store.hold("create");
    const controller = new AbortController();
    const answer = fetch(site.origin, { signal: controller.signal });
    await gate.arrived;
    controller.abort();
    await expect(answer).rejects.toThrow("aborted");
    gate.open();
    expect((await site.open().get()).text).toBe("1");
    expect(site.errors).toEqual([]);
  });
});

/** Sends a request, checks that its response waits for a call to the store, and returns the response. */
async function getThroughGate(site: Site, browser: Browser, method: "create" | "update"): Promise<Answer> {
  const gate = site.store.hold(method);
  let isAnswered = false;
  const answer = browser.get().finally(() => {
    isAnswered = true;
  });
  await gate.arrived;
  await site.open().get("/other");
  expect(isAnswered).toBe(false);
  gate.open();
  return answer;
}
