import assert from "node:assert/strict";
import type { ExpressSessionOptions } from "sessionup/express-session";
import { countHits, type Handler, type SiteOptions, VISITOR } from "../_site.ts";
import { type Case, type Check, empty, group, rejects, setsCookieOnce, setUser } from "./_case.ts";

/** The cases of express-session about its options. */
export const OPTIONS: readonly Case[] = [
  ...group("The option proxy", ({ none }) => {
    const ignoresScheme: Check = async (start) => {
      await using site = await start(setUser);
      const { cookies } = await site.open().get("/", { "x-forwarded-proto": "http" });
      assert.equal(cookies.get(VISITOR)?.secure, true);
      await rejects({ proxy: true })(start);
    };
    for (const title of [
      "on: sets a secure cookie for https in X-Forwarded-Proto",
      "on: reads the first value of a list",
      "on: sets no secure cookie without the header",
      "off: ignores X-Forwarded-Proto",
      "off: ignores req.secure",
      "unset: ignores X-Forwarded-Proto",
      "unset: uses req.secure",
    ])
      none(title, "proxy", ignoresScheme);
  }),
  ...group("The option cookie", ({ same, different, none }) => {
    const atPath: SiteOptions["manager"] = { cookie: { path: "/foo/bar" } };
    const name = "__Secure-visitor";
    for (const title of [
      "with a path: sets no cookie for a request outside of it",
      "with a path: sets no cookie for a host with that text",
    ])
      different(title, "path", async (start) => {
        await using site = await start(setUser, { manager: atPath });
        assert.equal((await site.open().get()).cookies.get(name)?.path, "/foo/bar");
      });
    for (const [title, path] of [
      ["with a path: sets the cookie for a request to it", "/foo/bar"],
      ["with a path: sets the cookie for a request below it", "/foo/bar/baz"],
    ] as const)
      same(title, async (start) => {
        await using site = await start(setUser, { manager: atPath });
        assert.equal((await site.open().get(path)).cookies.get(name)?.path, "/foo/bar");
      });
    same("with a path and a mount: sets the cookie for a request to the path", async (start) => {
      await using site = await start(setUser, {
        manager: atPath,
        before: (app) => app.use("/foo", (_req, _res, next) => next()),
      });
      assert.ok((await site.open().get("/foo/bar")).cookies.has(name));
    });
    different(
      "with a path and a mount: sets no cookie where the mount is repeated",
      "path",
      async (start) => {
        await using site = await start(setUser, { manager: atPath });
        assert.ok((await site.open().get("/foo/foo/bar")).cookies.has(name));
      },
    );
    for (const title of [
      "secure: auto behind a trusted proxy",
      "secure: auto behind a proxy that is not trusted",
      "secure: auto, with req.secure true",
      "secure: auto, with req.secure false",
      "sameSite: auto on a secure connection",
      "sameSite: auto on an insecure connection",
      "sameSite: auto behind a trusted proxy, over https",
      "sameSite: auto behind a trusted proxy, over http",
      "sameSite: auto behind a proxy that is not trusted",
      "secure and sameSite: auto on a secure connection",
      "secure and sameSite: auto on an insecure connection",
      "secure: false and sameSite: auto on a secure connection",
      "secure: false and sameSite: auto on an insecure connection",
      "secure: true and sameSite: auto on a secure connection",
      "secure: true and sameSite: auto on an insecure connection",
    ])
      none(title, "auto", async (start) => {
        const options = { sameSite: "auto" } as unknown as ExpressSessionOptions;
        await assert.rejects(start(empty, { session: options }), /sameSite must be/);
        await rejects({ cookie: { secure: "auto" } })(start);
      });
    none("as a function of the request", "cookieFunction", rejects({ cookie: () => ({}) }));
    none("as a function that receives the request", "cookieFunction", rejects({ cookie: () => ({}) }));
  }),
  ...group("The option genid", ({ same, none }) => {
    none("must be a function", "genid", rejects({ genid: "bogus" }));
    same("is not needed", async (start) => {
      await using site = await start(setUser);
      assert.match(
        (await site.open().get()).cookies.get(VISITOR)?.value ?? "",
        /^[0-9A-Za-z]{22}\.[0-9A-Za-z]{65}$/,
      );
    });
    none("sets the id", "genid", rejects({ genid: () => "apple" }));
    none("may return characters that a cookie must encode", "genid", rejects({ genid: () => "%" }));
    none("receives the request", "genid", rejects({ genid: () => "a" }));
  }),
  ...group("The options key and name", ({ different, same, none }) => {
    const otherDefault: Check = async (start) => {
      await using site = await start(setUser);
      assert.deepEqual([...(await site.open().get()).cookies.keys()], [VISITOR]);
    };
    none("key: has a default", "key", rejects({ key: "sid" }));
    none("key: names the cookie", "key", rejects({ key: "sid" }));
    different("name: is connect.sid by default", "name", otherDefault);
    same("name: names the cookie", async (start) => {
      await using site = await start(setUser, { session: { name: "guest" } });
      assert.deepEqual([...(await site.open().get()).cookies.keys()], ["__Host-guest"]);
    });
  }),
  ...group("The option rolling", ({ same, none }) => {
    same("is off by default", async (start) => {
      await using site = await start(setUser);
      await setsCookieOnce(site);
    });
    none("on: sets the cookie at each response", "rolling", rejects({ rolling: true }));
    same("sets no cookie for a new session without data", async (start) => {
      await using site = await start((req, res) => res.end(req.session.id));
      assert.equal((await site.open().get()).cookies.size, 0);
      assert.deepEqual(site.store.calls, []);
    });
    none(
      "on: sets a cookie for a new session with saveUninitialized",
      "uninitialized",
      rejects({ rolling: true }),
    );
    same("sets the cookie for a new session with data", async (start) => {
      await using site = await start(setUser);
      assert.ok((await site.open().get()).cookies.has(VISITOR));
    });
  }),
  ...group("The option resave", ({ same, different, none }) => {
    const unchanged: Check = async (start) => {
      await using site = await start(setUser);
      const browser = site.open();
      await browser.get();
      await browser.get();
      assert.deepEqual(site.writes(), ["create"]);
    };
    different("is on by default", "resave", unchanged);
    none("on: saves an unchanged session", "resave", rejects({ resave: true }));
    same("off: does not save an unchanged session", unchanged);
    same("off: saves a changed session", async (start) => {
      await using site = await start((req, res) => {
        if (req.method === "POST") req.session.token = req.path.slice(1);
        res.end(`token=${req.session.token ?? ""}`);
      });
      const browser = site.open();
      assert.equal((await browser.post("/first")).text, "token=first");
      assert.equal((await browser.get()).text, "token=first");
      assert.equal((await browser.post("/second")).text, "token=second");
      assert.deepEqual(site.writes(), ["create", "update"]);
    });
    same("off: a property cookie inside of the data counts as data", async (start) => {
      await using site = await start((req, res) => {
        req.session.user ??= { cookie: 0 };
        const user = req.session.user as { cookie: number };
        res.end(String(++user.cookie));
      });
      const browser = site.open();
      await browser.get();
      assert.equal((await browser.get()).text, "2");
    });
    none("off: passes the error of the store's touch to the app", "store", async (start) => {
      let now = Date.now();
      await using site = await start(setUser, { clock: () => now, manager: { idleTimeout: "30m" } });
      const browser = site.open();
      await browser.get();
      now += 120_000;
      site.store.fail("update");
      // The session was read, so a failing activity write does not fail the request.
      assert.equal((await browser.get()).status, 200);
    });
  }),
  ...group("The option saveUninitialized", ({ same, different, none }) => {
    const nothing: Check = async (start) => {
      await using site = await start((req, res) => res.end(req.session.id));
      assert.equal((await site.open().get()).cookies.size, 0);
      assert.deepEqual(site.store.calls, []);
    };
    different("is on by default", "uninitialized", nothing);
    none("on: saves a new session without data", "uninitialized", rejects({ saveUninitialized: true }));
    same("off: does not save a new session without data", nothing);
    same("off: saves a new session with data", async (start) => {
      await using site = await start(countHits);
      assert.ok((await site.open().get()).cookies.has(VISITOR));
      assert.deepEqual(site.store.calls, ["create"]);
    });
    different("passes the error of a save to the app, after the response", "error", async (start) => {
      await using site = await start(setUser);
      site.store.fail("create");
      assert.equal((await site.open().get()).status, 503);
      assert.equal(site.errors.length, 1);
    });
    same("off: does not touch a new session without data", nothing);
  }),
  ...group("The option secret", ({ same, none }) => {
    const kept: Check = async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      assert.equal((await browser.get()).text, "2");
    };
    none("must not be an empty list", "signature", rejects({ secret: [] }));
    none("may be text", "signature", rejects({ secret: "awesome cat" }));
    none("may be a Buffer", "signature", rejects({ secret: Buffer.alloc(32) }));
    same("as a list: signs cookies", kept);
    none("as a list: signs with the first one", "signature", rejects({ secret: ["a", "b"] }));
    none("as a list: reads with each one", "signature", rejects({ secret: ["a", "b"] }));
  }),
  ...group("The option unset", ({ same, different, none }) => {
    const unsetAtSecond: Handler = (req, res) => {
      req.session.count = Number(req.session.count ?? 0) + 1;
      const { count } = req.session;
      if (count === 2) (req as { session: unknown }).session = null;
      res.end(String(count));
    };
    none("must be keep or destroy", "unset", rejects({ unset: "bogus" }));
    same("keep: keeps what is stored, without the changes of the request", async (start) => {
      await using site = await start(unsetAtSecond);
      const browser = site.open();
      await browser.get();
      assert.equal((await browser.get()).text, "2");
      assert.equal((await browser.get()).text, "2");
      assert.deepEqual(site.writes(), ["create"]);
    });
    none("destroy: ends the session", "unset", rejects({ unset: "destroy" }));
    same("sets no cookie for a new session that was unset", async (start) => {
      await using site = await start((req, res) => {
        req.session.user = "bob";
        (req as { session: unknown }).session = null;
        res.end(String(req.session));
      });
      const answer = await site.open().get();
      assert.equal(answer.text, "null");
      assert.equal(answer.cookies.size, 0);
      assert.deepEqual(site.store.calls, []);
    });
    different("destroy: passes the error to the app, after the response", "error", async (start) => {
      await using site = await start((req, res) => {
        req.session.destroy();
        res.end("destroyed");
      });
      const browser = site.open();
      await browser.post("/login");
      site.store.fail("deleteById");
      assert.equal((await browser.post("/destroy")).status, 503);
    });
  }),
];
