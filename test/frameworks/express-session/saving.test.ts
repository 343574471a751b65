import { Readable } from "node:stream";
import { Manager, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { expressSession } from "sessionup/express-session";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { GatedStore } from "../../support/gated-store.ts";
import { assign, EXPRESS, type SessionRequest, serve, startSite, USER } from "./_site.ts";

describe.each([...EXPRESS])("a save that fails, on %s", (_version, express) => {
  it("replaces the response by the error's", async () => {
    await using site = await startSite(
      (req, res) => {
        req.session.paid = true;
        res.set("x-handler", "ran").status(201).json({ ok: true });
      },
      { express, before: (app) => app.use((_req, res, next) => next(void res.set("x-before", "kept"))) },
    );
    const browser = site.open();
    await browser.post("/login");
    site.store.fail("update");
    const answer = await browser.get();
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain("ok");
    expect(answer.headers.get("x-handler")).toBeNull();
    expect(answer.headers.get("x-before")).toBe("kept");
    expect(site.errors).toMatchObject([{ code: "ERR_STORE" }]);
    expect((await browser.get()).status).toBe(201);
  });

  it("without an error handler of the app, Express answers with the error's status", async () => {
    const store = new GatedStore();
    const sessions = expressSessions(new Manager(store, { meta: typed<{ a?: number } | undefined>() }));
    const app = express();
    app.set("env", "test");
    app.use(expressSession(sessions));
    app.get("/", (req, res) => {
      (req as unknown as SessionRequest).session.a = 1;
      res.end("ok");
    });
    await using server = await serve(app);
    store.fail("create");
    const answer = await fetch(server.origin);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toBe("ok");
  });

  it("keeps the cookie of a login in the same request", async () => {
    await using site = await startSite(
      async (req, res) => {
        await site.sessions.init(req, "user-1");
        req.session.theme = "dark";
        site.store.fail("update");
        res.end("ok");
      },
      { express },
    );
    const browser = site.open();
    expect((await browser.post("/")).status).toBe(503);
    expect([...browser.jar.keys()]).toEqual([USER]);
  });

  it.each(["write", "writeHead", "flushHeaders", "pipe"])(
    "drops a response that began with %s",
    async (method) => {
      await using site = await startSite(
        (req, res) => {
          req.session.paid = true;
          if (method === "pipe") return Readable.from(["ok", "ok"]).pipe(res);
          if (method === "writeHead") res.writeHead(200, { "x-handler": "ran" });
          if (method === "flushHeaders") res.flushHeaders();
          if (method === "write") res.write("ok");
          return res.end("ok");
        },
        { express },
      );
      site.store.fail("create");
      const answer = await site.open().get();
      expect(answer.status).toBe(503);
      expect(answer.text).not.toContain("ok");
      expect(answer.headers.get("x-handler")).toBeNull();
    },
  );

  it("after the headers were sent, the response breaks off", async () => {
    await using site = await startSite(
      (req, res) => {
        res.write("a part");
        req.session.late = true;
        site.store.fail("create");
        res.end("the rest");
      },
      { express },
    );
    await expect(site.open().get()).rejects.toThrow();
    expect(site.errors).toHaveLength(1);
  });

  it("data that JSON cannot represent fails the request, and stores nothing", async () => {
    await using site = await startSite(
      (req, res) => {
        req.session.amount = 1n;
        res.end("ok");
      },
      { express },
    );
    expect((await site.open().get()).status).toBe(500);
    expect(site.store.calls).toEqual([]);
  });

  it("more data than maxMetaBytes fails the request", async () => {
    await using site = await startSite(
      (req, res) => {
        req.session.text = "a".repeat(5_000);
        res.end("ok");
      },
      { express },
    );
    expect((await site.open().get()).text).toContain("maxMetaBytes");
  });

  it("a schema that would drop a key fails the request and names the key", async () => {
    await using site = await startSite(assign, {
      express,
      meta: z.object({ theme: z.string().optional() }).optional() as never,
    });
    const browser = site.open();
    await browser.post("/login");
    expect((await browser.get("/?theme=dark")).text).toBe('{"theme":"dark"}');
    const answer = await browser.get("/?flash=hello");
    expect(answer.status).toBe(422);
    expect(answer.text).toContain("req.session.flash");
    expect((await browser.get("/")).text).toBe('{"theme":"dark"}');
  });
});
