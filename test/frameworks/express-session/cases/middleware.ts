import assert from "node:assert/strict";
import { revokeAllBefore } from "sessionup/admin";
import { countHits, type Handler, type Site, type SiteOptions, VISITOR } from "../_site.ts";
import { type Case, type Check, group, keys, rejects, setUser } from "./_case.ts";

/** The cases of express-session about the middleware and the response. */
export const MIDDLEWARE: readonly Case[] = [
  ...group("The middleware", ({ same, different, none }) => {
    none("exports the constructors of sessions and stores", "store", async () => {
      assert.deepEqual(Object.keys(await import("sessionup/express-session")), ["expressSession"]);
    });
    same("leaves an existing req.session alone", async (start) => {
      await using site = await start((req, res) => res.json(req.session), {
        before: (app) => app.use((req, _res, next) => next(void Object.assign(req, { session: { own: 1 } }))),
      });
      const answer = await site.open().get();
      assert.equal(answer.text, '{"own":1}');
      assert.equal(answer.cookies.size, 0);
    });
    none("fails without a secret", "signature", async (start) => {
      await using site = await start(setUser);
      assert.equal((await site.open().get()).status, 200);
    });
    none("takes the secret of cookie-parser", "signature", rejects({ secret: undefined }));
    same("begins a session when data is set", async (start) => {
      await using site = await start(setUser);
      const answer = await site.open().get();
      assert.ok(answer.cookies.has(VISITOR));
      assert.deepEqual(site.store.calls, ["create"]);
    });
    same("finds the session by its cookie", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      assert.equal((await browser.get()).text, "2");
    });
    same("passes the error of a lookup to the app", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      site.store.fail("fetchById");
      assert.equal((await browser.get()).status, 503);
      assert.equal(site.errors.length, 1);
    });
    different("takes the store's error ENOENT for an unknown session", "store", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      site.store.fail("fetchById", Object.assign(new Error("gone"), { code: "ENOENT" }));
      assert.equal((await browser.get()).status, 503);
    });
    same("keeps the sessions of two browsers apart", async (start) => {
      await using site = await start(countHits);
      const answers = await Promise.all([site.open().get(), site.open().get()]);
      assert.deepEqual(
        answers.map(({ text }) => text),
        ["1", "1"],
      );
      assert.deepEqual(site.store.calls, ["create", "create"]);
    });
    same("works with an empty req.url", async (start) => {
      await using site = await start(setUser, {
        before: (app) =>
          app.use((req, _res, next) => {
            req.url = "";
            next();
          }),
      });
      // Express itself finds no route for an empty URL, but its middleware runs.
      assert.ok((await site.open().get()).status < 500);
    });
    same("ignores a second call of res.end", async (start) => {
      await using site = await start((req, res) => {
        req.session.user = "bob";
        res.setHeader("content-type", "text/plain");
        res.end("Hello, world!");
        res.end();
      });
      const { headers, text } = await site.open().get();
      assert.deepEqual([headers.get("content-type"), text], ["text/plain", "Hello, world!"]);
    });
    same("sends an empty body for res.end(null)", async (start) => {
      await using site = await start((req, res) => {
        req.session.user = "bob";
        res.end(null);
      });
      assert.equal((await site.open().get()).text, "");
    });
    same("keeps its methods when the stored data has their names", async (start) => {
      await using site = await start(async (req, res) => {
        await site.sessions.init(req, "user-1", { meta: { save: "nope", theme: "dark" } });
        req.session.save(() => res.json([typeof req.session.save, req.session.theme]));
      });
      assert.equal((await site.open().get()).text, '["function","dark"]');
      // Data with such names is left as it is.
      assert.deepEqual((await site.manager.fetchByUserKey("user-1"))[0]?.meta, {
        save: "nope",
        theme: "dark",
      });
    });
    same("lists only data and the cookie as properties", async (start) => {
      await using site = await start((req, res) => {
        req.session.a = 1;
        req.session.b = 2;
        res.end(keys(req));
      });
      assert.equal((await site.open().get()).text, "a,b,cookie");
    });
    different("saves nothing when the app overwrites req.sessionID", "readOnlyId", async (start) => {
      await using site = await start((req) => {
        (req as { sessionID: unknown }).sessionID = () => {};
      });
      assert.match((await site.open().get()).text, /sessionID/);
    });
    different("moves the cookie's expiry at the end of a slow response", "fixedEnd", async (start) => {
      await using site = await start(
        (req, res) => {
          req.session.user = "bob";
          res.write("hello, ");
          setImmediate(() => res.end("world!"));
        },
        { session: { expiresIn: "1h" } },
      );
      const browser = site.open();
      const first = await browser.get();
      assert.equal(first.text, "hello, world!");
      assert.equal(first.cookies.get(VISITOR)?.maxAge, 3_600);
      assert.equal((await browser.get()).cookies.size, 0);
    });
  }),
  ...group("When the response has ended, the session is saved", ({ same, different }) => {
    const savedBefore =
      (respond: Handler, body: string): Check =>
      async (start) => {
        await using site = await start((req, res, next) => {
          req.session.hit = true;
          respond(req, res, next);
        });
        const gate = site.store.hold("create");
        let hasCreated = false;
        void gate.arrived.then(() => {
          hasCreated = true;
          gate.open();
        });
        const answer = await site.open().get();
        assert.deepEqual([answer.status, answer.text, hasCreated], [200, body, true]);
      };
    same(
      "with a body",
      savedBefore((_req, res) => res.end("saved"), "saved"),
    );
    same(
      "without a body",
      savedBefore((_req, res) => res.set("content-length", "0").end(), ""),
    );
    same(
      "in several parts",
      savedBefore((_req, res) => {
        res.set("content-length", "12");
        res.write("hello, ");
        res.end("world");
      }, "hello, world"),
    );
    same(
      "with a known length",
      savedBefore((_req, res) => res.set("content-length", "5").end("saved"), "saved"),
    );
    different("with a later expiry of the cookie", "fixedEnd", async (start) => {
      let now = Date.UTC(2026, 0, 31);
      await using site = await start(
        (req, res) => {
          req.session.hit = true;
          res.json(req.session.cookie.expires);
        },
        { clock: () => now, session: { expiresIn: "1h" } },
      );
      const browser = site.open();
      const { text } = await browser.get();
      now += 60_000;
      assert.equal((await browser.get()).text, text);
    });
  }),
  ...group("A cookie without a session", ({ same, different }) => {
    const restart = async (site: Site, forget: () => unknown, check: (id: string, next: string) => void) => {
      const browser = site.open();
      const { text } = await browser.get();
      await forget();
      check(text, (await browser.get()).text);
    };
    const hitsAndId: Handler = (req, res) => {
      req.session.num = Number(req.session.num ?? 0) + 1;
      res.json([req.session.num, req.sessionID]);
    };
    const forgetAll = (site: Site) => revokeAllBefore(site.middleware.visitors, new Date(Date.now() + 1_000));
    same("begins another session when the store does not know it", async (start) => {
      await using site = await start(hitsAndId);
      await restart(
        site,
        () => forgetAll(site),
        (_, next) => assert.equal(JSON.parse(next)[0], 1),
      );
    });
    same("gets another id when the store does not know it", async (start) => {
      await using site = await start(hitsAndId);
      await restart(
        site,
        () => forgetAll(site),
        (id, next) => assert.notEqual(JSON.parse(next)[1], JSON.parse(id)[1]),
      );
    });
    same("begins another session when the secret is missing", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      browser.jar.set(VISITOR, (browser.jar.get(VISITOR) ?? "").split(".")[0] ?? "");
      assert.equal((await browser.get()).text, "1");
    });
    different("is not looked up when the signature is wrong", "signature", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      browser.jar.set(VISITOR, (browser.jar.get(VISITOR) ?? "").replace(/\..../, ".000"));
      assert.equal((await browser.get()).text, "1");
      // A malformed token is not looked up. A wrong secret is, because only the store knows its hash.
      assert.deepEqual(site.store.calls, ["create", "fetchById", "create"]);
    });
    for (const [title, check] of [
      [
        "begins another session when the old one has expired",
        (_: string, next: string) => assert.equal(JSON.parse(next)[0], 1),
      ],
      [
        "gets another id when the old session has expired",
        (id: string, next: string) => assert.notEqual(JSON.parse(next)[1], JSON.parse(id)[1]),
      ],
    ] as const)
      same(title, async (start) => {
        let now = Date.now();
        await using site = await start(hitsAndId, { clock: () => now, session: { expiresIn: "1h" } });
        await restart(site, () => (now += 3_600_000), check);
      });
    same("has no session any more when it has expired", async (start) => {
      let now = Date.now();
      await using site = await start(
        (req, res) => {
          req.session.hit = true;
          res.end(req.sessionID);
        },
        { clock: () => now, session: { expiresIn: "1h" } },
      );
      const { text } = await site.open().get();
      now += 3_600_000;
      assert.deepEqual(await site.middleware.visitors.fetchByUserKey(text), []);
    });
    different("fails when the stored data has no cookie property", "metadata", async (start) => {
      await using site = await start((req, res) => res.end(keys(req)));
      const browser = site.open();
      await browser.post("/login");
      assert.equal((await browser.get()).text, "cookie");
    });
  }),
  ...group("The methods of the response", ({ same }) => {
    const patch = (res: { write: unknown; end: unknown; _header?: unknown }) => {
      const { write, end } = res as {
        write: (...given: unknown[]) => unknown;
        end: (...given: unknown[]) => unknown;
      };
      let isEnded = false;
      res.write = (...given: unknown[]) => !isEnded && Reflect.apply(write, res, given);
      res.end = (...given: unknown[]) => {
        if (isEnded) return;
        isEnded = true;
        Reflect.apply(end, res, given);
      };
    };
    const hello: Handler = (req, res) => {
      req.session.hit = true;
      res.write("hello, ");
      res.end("world");
    };
    same("may be patched before the middleware", async (start) => {
      await using site = await start(hello, {
        before: (app) => app.use((_req, res, next) => next(void patch(res))),
      });
      assert.equal((await site.open().get()).text, "hello, world");
    });
    same("may be patched after the middleware", async (start) => {
      await using site = await start((req, res, next) => {
        patch(res);
        return hello(req, res, next);
      });
      assert.equal((await site.open().get()).text, "hello, world");
    });
    same(
      "throw the error of Node when headers are set after the end of an unchanged session",
      async (start) => {
        let code: unknown;
        await using site = await start((req, res) => {
          void req.session;
          res.end("first");
          try {
            res.setHeader("x-late", "1");
          } catch (error) {
            code = (error as { code: string }).code;
          }
        });
        assert.equal((await site.open().get()).text, "first");
        assert.equal(code, "ERR_HTTP_HEADERS_SENT");
      },
    );
  }),
  ...group("A store that answers at once", ({ same }) => {
    same("the session is saved and the response is sent", async (start) => {
      await using site = await start(countHits);
      assert.equal((await site.open().get()).text, "1");
    });
    same("the session is ended and the response is sent", async (start) => {
      await using site = await start((req, res) => {
        req.session.destroy();
        res.write("destroyed\n");
        res.end("hits: 2");
      });
      const browser = site.open();
      await browser.post("/login");
      assert.equal((await browser.post("/")).text, "destroyed\nhits: 2");
    });
  }),
  ...group("cookie-parser", ({ same, different }) => {
    const parsed =
      (set: (req: Record<string, unknown>, value: string) => void): SiteOptions["before"] =>
      (app) =>
        app.use((req, _res, next) => {
          const value = /visitor=([^;]*)/.exec(req.headers.cookie ?? "")?.[1];
          delete req.headers.cookie;
          if (value) set(req as unknown as Record<string, unknown>, value);
          next();
        });
    const ignored =
      (set: (req: Record<string, unknown>, value: string) => void): Check =>
      async (start) => {
        const before = parsed(set);
        await using site = await start(countHits, { ...(before && { before }) });
        const browser = site.open();
        await browser.get();
        assert.equal((await browser.get()).text, "1");
      };
    different(
      "the session is found by req.cookies",
      "cookieParser",
      ignored((req, value) => {
        req.cookies = { [VISITOR]: value };
      }),
    );
    same(
      "an unsigned value in req.cookies is ignored",
      ignored((req, value) => {
        req.cookies = { [VISITOR]: value };
      }),
    );
    same(
      "a value with a wrong signature in req.cookies is ignored",
      ignored((req) => {
        req.cookies = { [VISITOR]: "s:a.b" };
      }),
    );
    different(
      "the session is found by req.signedCookies",
      "cookieParser",
      ignored((req, value) => {
        req.signedCookies = { [VISITOR]: value };
      }),
    );
  }),
];
