/** The behaviour of `req.session` that express-session's own suite does not cover. */
import { createServer } from "node:http";
import { Readable } from "node:stream";
import type { Express, Response } from "express";
import { Manager, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { expressSession } from "sessionup/express-session";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { GatedStore } from "../../support/gated-store.ts";
import { listen } from "../../support/listen.ts";
import type { Answer, Browser } from "./_browser.ts";
import {
  countHits,
  EXPRESS,
  type Handler,
  type SessionRequest,
  type Site,
  startSite,
  USER,
  VISITOR,
} from "./_site.ts";

/** Sets the keys of the query in `req.session`, deletes those without a value, and sends the data. */
const assign: Handler = (req, res) => {
  for (const [key, value] of Object.entries(req.query)) {
    if (value === "") delete req.session[key];
    else req.session[key] = value;
  }
  res.json(readData(req));
};

function readData({ session }: SessionRequest): Record<string, unknown> {
  const { cookie: _, ...data } = session;
  return data;
}

describe.each([...EXPRESS])("req.session on %s", (_version, express) => {
  describe("visitors", () => {
    it("a visitor without data gets no cookie and writes nothing", async () => {
      await using site = await startSite((req, res) => res.json([req.sessionID, readData(req)]), { express });
      const answer = await site.open().get();
      expect(answer.cookies.size).toBe(0);
      expect(site.store.calls).toEqual([]);
    });

    it("a visitor's data is kept under a cookie of its own", async () => {
      await using site = await startSite(countHits, { express });
      const browser = site.open();
      const first = await browser.get();
      expect([...browser.jar.keys()]).toEqual([VISITOR]);
      expect(first.cookies.get(VISITOR)).toMatchObject({ sameSite: "lax", httpOnly: true, secure: true });
      expect(first.headers.get("cache-control")).toBe("no-store");
      expect((await browser.get()).text).toBe("2");
    });

    it("the id of a visitor is known before the session is stored, and stays", async () => {
      await using site = await startSite(
        (req, res) => {
          const { id } = req.session;
          req.session.seen = true;
          res.json([id, req.sessionID]);
        },
        { express },
      );
      const browser = site.open();
      const first = await browser.get();
      expect(JSON.parse(first.text)[0]).toBe(JSON.parse(first.text)[1]);
      expect((await browser.get()).text).toBe(first.text);
      expect((await site.open().get()).text).not.toBe(first.text);
    });

    it("auth rejects a visitor, whatever the data says", async () => {
      await using site = await startSite(assign, {
        express,
        before: (app) => app.get("/account", (req, res, next) => site.sessions.auth()(req, res, next)),
      });
      const browser = site.open();
      await browser.get("/?userKey=user-1&user=user-1");
      expect(browser.jar.has(VISITOR)).toBe(true);
      expect((await browser.get("/account")).status).toBe(401);
      // The visitor's token under the cookie's name of users.
      browser.jar.set(USER, browser.jar.get(VISITOR) ?? "");
      expect((await browser.get("/account")).status).toBe(401);
    });

    it("no list of a user contains the session of a visitor", async () => {
      await using site = await startSite(assign, { express });
      const browser = site.open();
      await browser.get("/?cart=book");
      await browser.post("/login");
      expect(await site.manager.fetchByUserKey("user-1")).toHaveLength(1);
    });

    it("the session of a visitor keeps neither address nor browser", async () => {
      await using site = await startSite(
        (req, res) => {
          req.session.seen = true;
          res.end(req.sessionID);
        },
        { express },
      );
      const { text: userKey } = await site.open().get();
      const [session] = await site.middleware.visitors.fetchByUserKey(userKey);
      expect(session?.ip).toBeUndefined();
      expect(session?.agent).toBeUndefined();
      expect(session?.meta).toEqual({ seen: true });
    });

    it("expiresIn keeps the cookie on disk, and req.session.cookie tells when it ends", async () => {
      const now = Date.UTC(2026, 0, 31);
      await using site = await startSite(
        (req, res) => {
          req.session.seen = true;
          res.json(req.session.cookie);
        },
        { express, clock: () => now, session: { expiresIn: "1h" } },
      );
      const browser = site.open();
      const answer = await browser.get();
      expect(answer.cookies.get(VISITOR)?.maxAge).toBe(3_600);
      const cookie = { expires: "2026-01-31T01:00:00.000Z", maxAge: 3_600_000, originalMaxAge: 3_600_000 };
      expect(JSON.parse(answer.text)).toMatchObject(cookie);
      expect(JSON.parse((await browser.get()).text)).toMatchObject(cookie);
    });
  });

  describe("users", () => {
    it("a user's data is the session's metadata", async () => {
      await using site = await startSite(assign, { express });
      const browser = site.open();
      await browser.post("/login");
      await browser.get("/?theme=dark");
      const [session] = await site.manager.fetchByUserKey("user-1");
      expect(session?.meta).toEqual({ theme: "dark" });
      expect([...browser.jar.keys()]).toEqual([USER]);
    });

    it("the id is the public id of the user's session", async () => {
      await using site = await startSite((req, res) => res.end(req.sessionID), { express });
      const browser = site.open();
      await browser.post("/login");
      const [session] = await site.manager.fetchByUserKey("user-1");
      expect((await browser.get()).text).toBe(session?.id);
    });

    it("an unchanged session is not written", async () => {
      await using site = await startSite(assign, { express });
      const browser = site.open();
      await browser.post("/login");
      await browser.get("/?theme=dark");
      const before = site.writes().length;
      await browser.get("/");
      await browser.get("/?theme=dark");
      expect(site.writes()).toHaveLength(before);
    });

    it.each(["user", "visitor"])(
      "a request of a %s counts as activity if it reads req.session",
      async (kind) => {
        let now = Date.now();
        await using site = await startSite(
          (req, res, next) => (req.path === "/poll" ? res.end() : assign(req, res, next)),
          { express, clock: () => now, manager: { idleTimeout: "30m" } },
        );
        const browser = site.open();
        if (kind === "user") await browser.post("/login");
        await browser.get("/?a=1");
        for (let minutes = 0; minutes < 60; minutes += 20) {
          now += 20 * 60_000;
          expect((await browser.get("/")).text).toBe('{"a":"1"}');
        }
        now += 20 * 60_000;
        await browser.get("/poll");
        now += 20 * 60_000;
        expect((await browser.get("/")).text).toBe("{}");
      },
    );

    it("the activity and the changes of one request are both saved", async () => {
      let now = Date.now();
      await using site = await startSite(assign, {
        express,
        clock: () => now,
        manager: { idleTimeout: "30m" },
      });
      const browser = site.open();
      await browser.post("/login");
      now += 20 * 60_000;
      expect((await browser.get("/?a=1")).status).toBe(200);
      now += 20 * 60_000;
      expect((await browser.get("/?b=2")).text).toBe('{"a":"1","b":"2"}');
      now += 20 * 60_000;
      expect((await browser.get("/")).text).toBe('{"a":"1","b":"2"}');
    });

    it("a change in the depth of a value is saved, and a deleted key is deleted", async () => {
      await using site = await startSite(
        (req, res) => {
          req.session.cart ??= { items: [] };
          (req.session.cart as { items: string[] }).items.push("book");
          delete req.session.coupon;
          res.end();
        },
        { express },
      );
      const browser = site.open();
      await browser.post("/login");
      const [{ id } = { id: "" }] = await site.manager.fetchByUserKey("user-1");
      await browser.get();
      await browser.get();
      const [session] = await site.manager.fetchByUserKey("user-1");
      expect(session).toMatchObject({ id, meta: { cart: { items: ["book", "book"] } } });
    });

    it("a login and a logout replace req.session within the request", async () => {
      await using site = await startSite(
        async (req, res) => {
          const seen: unknown[] = [readData(req)];
          req.session.lost = true;
          await site.sessions.init(req, "user-1", { meta: { theme: "dark" } });
          seen.push(readData(req));
          await site.sessions.revoke(req);
          seen.push(readData(req));
          req.session.flash = ["Signed out"];
          res.json(seen);
        },
        { express },
      );
      const browser = site.open();
      browser.jar.set("unrelated", "1");
      expect(JSON.parse((await browser.post("/")).text)).toEqual([{}, { theme: "dark" }, {}]);
      expect([...browser.jar.keys()]).toEqual(["unrelated", VISITOR]);
    });
  });

  describe("the login", () => {
    it("ends the visitor's session and clears its cookie", async () => {
      await using site = await startSite(assign, { express });
      const browser = site.open();
      await browser.get("/?cart=book");
      const stolen = browser.copy();
      const answer = await browser.post("/login");
      expect(answer.cookies.get(VISITOR)?.maxAge).toBe(0);
      expect([...browser.jar.keys()]).toEqual([USER]);
      // Session fixation: an attacker who planted or copied the visitor's cookie has nothing.
      expect((await stolen.get()).text).toBe("{}");
      expect((await browser.get()).text).toBe("{}");
    });

    it("moves what the app moves", async () => {
      await using site = await startSite(
        async (req, res) => {
          if (req.path === "/cart") req.session.cart = "book";
          if (req.path === "/move") {
            const { cart } = req.session;
            await site.sessions.init(req, "user-1");
            req.session.cart = cart;
          }
          res.json(readData(req));
        },
        { express },
      );
      const browser = site.open();
      await browser.get("/cart");
      await browser.post("/move");
      expect([...browser.jar.keys()]).toEqual([USER]);
      expect(JSON.parse((await browser.get()).text)).toEqual({ cart: "book" });
    });

    it("on a route without the middleware, the next request ends the visitor's session", async () => {
      await using site = await startSite(assign, {
        express,
        before: (app) =>
          app.post("/elsewhere", (req, res, next) => {
            site.sessions.init(req, "user-1").then(() => res.end(), next);
          }),
      });
      const browser = site.open();
      await browser.get("/?cart=book");
      await browser.post("/elsewhere");
      expect([...browser.jar.keys()].sort()).toEqual([USER, VISITOR]);
      expect((await browser.get()).text).toBe("{}");
      expect([...browser.jar.keys()]).toEqual([USER]);
      await browser.post("/logout");
      expect((await browser.get()).text).toBe("{}");
    });

    it("on a route without the middleware, a logout behind it ends the visitor's session, too", async () => {
      await using site = await startSite(assign, {
        express,
        before: (app) =>
          app.post("/elsewhere", (req, res, next) => {
            site.sessions.init(req, "user-1").then(() => res.end(), next);
          }),
      });
      const browser = site.open();
      await browser.get("/?cart=book");
      await browser.post("/elsewhere");
      await browser.post("/logout");
      expect([...browser.jar.keys()]).toEqual([]);
    });

    it("clears the cookie of a visitor's session that no longer exists", async () => {
      await using site = await startSite(assign, { express });
      const browser = site.open();
      await browser.get("/?cart=book");
      const late = browser.copy();
      await browser.get("/?cart=");
      await browser.post("/login");
      late.jar.set(USER, browser.jar.get(USER) ?? "");
      expect((await late.get()).cookies.get(VISITOR)?.maxAge).toBe(0);
    });
  });

  describe("concurrent requests", () => {
    it.each(["user", "visitor"])("changes to different keys of a %s are all kept", async (kind) => {
      await using site = await startSite(assign, { express });
      const browser = site.open();
      if (kind === "user") await browser.post("/login");
      await browser.get("/?a=1&b=1&c=1");
      // Both have read the session before either writes.
      const first = site.store.hold("update");
      const second = site.store.hold("update");
      const answers = [browser.get("/?a=2&d=1"), browser.get("/?b=2&c=")];
      await Promise.all([first.arrived, second.arrived]);
      first.open();
      second.open();
      for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
      expect(JSON.parse((await browser.get()).text)).toEqual({ a: "2", b: "2", d: "1" });
    });

    it.each(["user", "visitor"])(
      "a %s's session that ends while a handler runs stays ended",
      async (kind) => {
        const gate = new Gate();
        await using site = await startSite(
          async (req, res) => {
            if (req.path === "/slow") {
              req.session.late = true;
              await gate.pass();
            } else if (req.path === "/begin") req.session.early = true;
            res.json(readData(req));
          },
          { express },
        );
        const browser = site.open();
        if (kind === "user") await browser.post("/login");
        await browser.get("/begin");
        const slow = browser.copy();
        const answer = slow.get("/slow");
        await gate.arrived;
        // In another window, the user signs out, or the visitor signs in.
        await browser.post(kind === "user" ? "/logout" : "/login");
        gate.open();
        expect((await answer).status).toBe(401);
        expect((await answer).text).not.toContain("late");
        expect(site.writes().at(-2)).toBe("deleteById");
        expect(site.writes().at(-1)).toBe("update");
        expect((await slow.get()).text).toBe("{}");
        expect(await site.manager.fetchByUserKey("user-1")).toHaveLength(kind === "user" ? 0 : 1);
      },
    );

    it("a session that another request changes shows the change after reload", async () => {
      await using site = await startSite(
        async (req, res) => {
          if (req.path !== "/reload") return assign(req, res, () => {});
          req.session.lost = true;
          await browser.copy().get("/?b=2");
          return req.session.reload((error) => res.json([error === undefined, readData(req)]));
        },
        { express },
      );
      const browser = site.open();
      await browser.get("/?a=1");
      expect(JSON.parse((await browser.get("/reload")).text)).toEqual([true, { a: "1", b: "2" }]);
    });
  });

  describe("a save that fails", () => {
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

  describe("the response", () => {
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

  describe("methods", () => {
    it("regenerate signs a user out, as the session is another one", async () => {
      await using site = await startSite(
        (req, res) => {
          if (req.path !== "/regenerate") return assign(req, res, () => {});
          const { id } = req.session;
          return req.session.regenerate((error) => {
            res.json({ error, changed: req.session.id !== id, data: readData(req) });
          });
        },
        { express },
      );
      const browser = site.open();
      await browser.post("/login");
      await browser.get("/?a=1");
      const { text } = await browser.post("/regenerate");
      expect(JSON.parse(text)).toEqual({ changed: true, data: {} });
      expect([...browser.jar.keys()]).toEqual([]);
      expect(await site.manager.fetchByUserKey("user-1")).toEqual([]);
    });

    it.each(["regenerate", "destroy"] as const)(
      "%s without a callback finishes before the response",
      async (method) => {
        await using site = await startSite(
          (req, res) => {
            if (req.path !== "/end") return assign(req, res, () => {});
            req.session[method]();
            return res.redirect("/");
          },
          { express },
        );
        const browser = site.open();
        await browser.post("/login");
        const answer = await browser.post("/end");
        expect(answer.status).toBe(302);
        expect(answer.cookies.get(USER)?.maxAge).toBe(0);
        expect(await site.manager.fetchByUserKey("user-1")).toEqual([]);
      },
    );

    it.each([
      ["without a callback", (_res: Response): undefined => undefined],
      ["with a callback that has no parameter for the error", (res: Response) => () => res.redirect("/")],
    ])("destroy that fails, %s, does not report success", async (_how, toCallback) => {
      await using site = await startSite(
        (req, res) => {
          const callback = toCallback(res);
          req.session.destroy(callback);
          if (!callback) res.redirect("/");
        },
        { express },
      );
      const browser = site.open();
      await browser.post("/login");
      site.store.fail("deleteById");
      expect((await browser.post("/destroy")).status).toBe(503);
      expect(await site.manager.fetchByUserKey("user-1")).toHaveLength(1);
    });

    it("a callback receives the error", async () => {
      await using site = await startSite(
        (req, res) => req.session.destroy((error) => res.json({ code: (error as { code?: string })?.code })),
        { express },
      );
      const browser = site.open();
      await browser.post("/login");
      site.store.fail("deleteById");
      expect((await browser.post("/destroy")).text).toBe('{"code":"ERR_STORE"}');
    });

    it("an error that a callback throws goes to the error handler", async () => {
      await using site = await startSite(
        (req) =>
          req.session.save(() => {
            throw new Error("thrown in a callback");
          }),
        { express },
      );
      expect(await site.open().get()).toMatchObject({ status: 500, text: "thrown in a callback" });
    });

    it("methods return the session, and run in order", async () => {
      const order: string[] = [];
      await using site = await startSite(
        (req, res) => {
          const { session } = req;
          session.a = 1;
          const returned = session
            .touch()
            .resetMaxAge()
            .save(() => order.push("save"))
            .reload(() => order.push("reload"))
            .destroy(() => res.json([...order, req.session === undefined]));
          expect(returned).toBe(session);
        },
        { express },
      );
      expect((await site.open().get()).text).toBe('["save","reload",true]');
    });

    it.each([
      ["deleted", (req: SessionRequest) => delete (req as { session?: unknown }).session],
      ["redefined", (req: SessionRequest) => Object.defineProperty(req, "session", { value: { own: true } })],
    ])("a session whose property is %s keeps what is stored", async (how, unset) => {
      await using site = await startSite(
        (req, res) => {
          if (req.path === "/") return assign(req, res, () => {});
          req.session.a = "2";
          unset(req);
          return res.json(req.session ?? null);
        },
        { express },
      );
      const browser = site.open();
      await browser.get("/?a=1");
      expect((await browser.get("/unset")).text).toBe(how === "deleted" ? "null" : '{"own":true}');
      expect((await browser.get("/")).text).toBe('{"a":"1"}');
    });

    it("the object of a session that a login has replaced cannot be saved", async () => {
      await using site = await startSite(
        async (req, res) => {
          const { session } = req;
          await site.sessions.init(req, "user-1");
          session.late = true;
          session.save((error) => res.json({ code: (error as { code?: string }).code }));
        },
        { express },
      );
      const browser = site.open();
      expect((await browser.post("/")).text).toBe('{"code":"ERR_UNAUTHORIZED"}');
      expect([...browser.jar.keys()]).toEqual([USER]);
    });

    it("a login after destroy brings a new req.session", async () => {
      await using site = await startSite(
        (req, res) =>
          req.session.destroy(async () => {
            await site.sessions.init(req, "user-2");
            req.session.theme = "dark";
            res.json(readData(req));
          }),
        { express },
      );
      const browser = site.open();
      await browser.post("/login");
      await browser.post("/other");
      expect(await site.manager.fetchByUserKey("user-2")).toMatchObject([{ meta: { theme: "dark" } }]);
      expect(await site.manager.fetchByUserKey("user-1")).toEqual([]);
    });

    it.each(["maxAge", "expires", "secure"] as const)("cookie.%s cannot be set", async (name) => {
      await using site = await startSite(
        (req) => {
          Object.assign(req.session.cookie, { [name]: 1 });
        },
        { express },
      );
      const { status, text } = await site.open().get();
      expect(status).toBe(500);
      expect(text).toContain(`req.session.cookie.${name} cannot change`);
    });

    it("req.session cannot be replaced by another object", async () => {
      await using site = await startSite(
        (req) => {
          (req as { session: unknown }).session = { a: 1 };
        },
        { express },
      );
      expect((await site.open().get()).text).toContain("cannot be replaced");
    });
  });

  describe("other requests", () => {
    it("an unsafe request from a page of another origin is rejected", async () => {
      await using site = await startSite(countHits, { express });
      const browser = site.open();
      const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      expect((await browser.post("/", headers)).status).toBe(403);
      expect(site.store.calls).toEqual([]);
    });

    it("an earlier middleware can accept such requests, also for visitors", async () => {
      await using site = await startSite(countHits, {
        express,
        before: (app) =>
          app.use("/callback", (req, res, next) =>
            site.sessions.public({ crossOrigin: "allow" })(req, res, next),
          ),
      });
      const headers = { "sec-fetch-site": "cross-site", origin: "https://id.example" };
      expect((await site.open().post("/callback", headers)).text).toBe("1");
    });

    it.each(["user", "visitor"])(
      "a failing lookup of a %s goes to the error handler as 503",
      async (kind) => {
        let runs = 0;
        await using site = await startSite(
          (req, res, next) => {
            runs++;
            return assign(req, res, next);
          },
          { express },
        );
        const browser = site.open();
        if (kind === "user") await browser.post("/login");
        await browser.get("/?a=1");
        site.store.fail("fetchById");
        expect((await browser.get()).status).toBe(503);
        expect(runs).toBe(1);
        expect((await browser.get()).text).toBe('{"a":"1"}');
      },
    );

    it("a session that the app provides itself is left alone", async () => {
      await using site = await startSite((req, res) => res.json(req.session), {
        express,
        before: (app) =>
          app.use((req, _res, next) => {
            Object.assign(req, { session: { own: true } });
            next();
          }),
      });
      expect((await site.open().get()).text).toBe('{"own":true}');
    });
  });
});

describe("the options of expressSession", () => {
  const meta = typed<{ a?: number } | undefined>();
  const sessions = expressSessions(new Manager(memoryStore(), { meta }));

  it.each([
    ["secret", "keyboard"],
    ["store", {}],
    ["resave", false],
    ["saveUninitialized", false],
    ["rolling", true],
    ["unset", "destroy"],
    ["genid", () => "id"],
    ["proxy", true],
    ["key", "sid"],
    ["cookie", { maxAge: 1 }],
  ])("%s of express-session is rejected with the reason", (name, value) => {
    expect(() => expressSession(sessions, { [name]: value } as never)).toThrow(
      new RegExp(`^"${name}" of express-session is not an option of expressSession\\. [A-Z]`),
    );
  });

  it.each([
    [{ name: "a b" }, /^expressSession\.name must be/],
    [{ name: "sessionup" }, /^expressSession\.name must differ/],
    [{ expiresIn: "soon" }, /^expressSession\.expiresIn must be/],
    [{ sameSite: "auto" }, /^expressSession\.sameSite must be/],
    [{ unknown: 1 }, /^"unknown" is not an option of expressSession/],
  ])("%j is rejected", (options, message) => {
    expect(() => expressSession(sessions, options as never)).toThrow(message);
    expect(() => expressSession(sessions, options as never)).toThrow(TypeError);
  });

  it("a manager without metadata is rejected", () => {
    expect(() => expressSession(expressSessions(new Manager(memoryStore())))).toThrow(
      /^expressSession requires the manager's option meta/,
    );
  });

  it("the cookie of visitors inherits the manager's attributes, and relaxes only strict", async () => {
    const options = { cookie: { sameSite: "none", partitioned: true, domain: "example.com" } } as const;
    await using site = await startSite(countHits, { manager: options, session: { name: "guest" } });
    const { cookies } = await site.open().get();
    expect(cookies.get("__Secure-guest")).toMatchObject({ ...options.cookie, secure: true });
  });

  it("options of the manager that concern logins do not apply to visitors", async () => {
    const manager = {
      expiresIn: "30d",
      nist: "aal2",
      tombstones: "1d",
      clearSiteData: ["cookies"],
      maxSessions: { max: 1, onExceed: "reject" },
    } as const;
    await using site = await startSite(
      (req, res) =>
        req.path === "/end"
          ? req.session.destroy((error) => res.json({ error }))
          : countHits(req, res, () => {}),
      { manager: { ...manager, expiresIn: "12h" }, session: { expiresIn: "7d" } },
    );
    const browser = site.open();
    expect((await browser.get()).cookies.get(VISITOR)?.maxAge).toBe(7 * 86_400);
    const ended = await browser.post("/end");
    expect(ended.headers.get("clear-site-data")).toBeNull();
  });

  it("sessions of node:http are rejected at the first request, which names the context", async () => {
    const app = EXPRESS.get("Express 5")?.();
    if (!app) throw new Error("no Express");
    app.set("env", "development");
    app.use(expressSession(nodeSessions(new Manager(memoryStore(), { meta })) as never));
    await using server = await serve(app);
    expect(await (await fetch(server.origin)).text()).toContain("Pass `res`");
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

async function serve(app: Express): Promise<{ origin: string } & AsyncDisposable> {
  const { origin, close } = await listen(createServer(app));
  return { origin, [Symbol.asyncDispose]: close };
}

/** Holds a handler until the test opens the gate. */
class Gate {
  #arrive = () => {};
  open = (): void => {};
  readonly arrived = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  pass(): Promise<void> {
    this.#arrive();
    return this.#opened;
  }
}
