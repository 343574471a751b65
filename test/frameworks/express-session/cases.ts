/**
 * The cases of express-session 1.19.0's own test suite (`test/session.js` and `test/cookie.js` of its repository), written anew
 * for `sessionup/express-session`. docs/guides/req-session.md lists them.
 */
import assert from "node:assert/strict";
import type { Express } from "express";
import type { ExpressSessionOptions } from "sessionup/express-session";
import {
  countHits,
  type Handler,
  type SessionRequest,
  type Site,
  type SiteOptions,
  startSite,
  VISITOR,
} from "./_site.ts";

/** Whether a case has the same result here, another one, or does not apply because the feature does not exist. */
export type Result = "same" | "different" | "none";

export interface Case {
  readonly group: string;
  readonly title: string;
  readonly result: Result;
  /** Why the result is another one, or why the case does not apply. */
  readonly why?: string;
  /** Checks the behaviour of sessionup. */
  readonly run: (express: () => Express) => Promise<void>;
}

/** The session's part of a case, without the framework. */
type Check = (
  start: (handler: Handler, options?: Omit<SiteOptions, "express">) => Promise<Site>,
) => Promise<void>;

const WHY = {
  error: "A response whose session was not saved is dropped, and the error handler responds instead.",
  signature: "The cookie holds a random secret whose hash the store keeps. There is no signature.",
  store: "There is no `store` object with callbacks and events. The manager's store has its own contract.",
  uninitialized: "Only data creates the session of a visitor, as with `saveUninitialized: false`.",
  rolling:
    "A cookie is set when a session begins, and never again. `idleTimeout` extends the session itself.",
  resave: "Only changes are saved, as with `resave: false`.",
  genid: "The manager generates ids.",
  proxy: "The manager's `cookie.secure` applies to all requests, whatever the connection is.",
  auto: "`secure` and `sameSite` have fixed values, which the manager checks together when it is constructed.",
  cookieFunction: "All cookies of a manager have the same attributes.",
  path: "Browsers decide by the cookie's path where they send it. The middleware works on every route that it is mounted on.",
  fixedEnd: "Nothing moves the end of a session. `expiresIn` sets it when the session begins.",
  fixedCookie:
    "The attributes belong to the manager. Assignments to `req.session.cookie` throw a `TypeError`.",
  unset: '`req.session = null` keeps what is stored, as `unset: "keep"`. `destroy()` ends the session.',
  cookieClass: "There is no `Cookie` constructor. `req.session.cookie` describes the cookie.",
  cookieParser: "Only the header `Cookie` of the request counts, never what other middleware made of it.",
} as const;

const cases: Case[] = [];

/** Adds the cases of a group. */
function group(
  name: string,
  add: (add: {
    same(title: string, check: Check): void;
    different(title: string, why: keyof typeof WHY, check: Check): void;
    none(title: string, why: keyof typeof WHY, check: Check): void;
  }) => void,
): void {
  const push = (result: Result, title: string, check: Check, why?: keyof typeof WHY) =>
    cases.push({
      group: name,
      title,
      result,
      ...(why && { why: WHY[why] }),
      run: (express) => check((handler, options) => startSite(handler, { ...options, express })),
    });
  add({
    same: (title, check) => push("same", title, check),
    different: (title, why, check) => push("different", title, check, why),
    none: (title, why, check) => push("none", title, check, why),
  });
}

/** Checks that an option of express-session is rejected. */
function rejects(options: object): Check {
  return async (start) => {
    await assert.rejects(start(empty, { session: options as ExpressSessionOptions }), {
      name: "TypeError",
      message: /of express-session is not an option/,
    });
  };
}

const empty: Handler = (_req, res) => res.end();
const setUser: Handler = (req, res) => {
  req.session.user = "bob";
  res.end();
};

/** Fails at a handler that finds a session where none should be. */
function keys(req: SessionRequest): string {
  return Object.keys(req.session).sort().join(",");
}

/** Checks that the first response sets the visitor's cookie and the second one none. */
async function setsCookieOnce(site: Site): Promise<void> {
  const browser = site.open();
  assert.ok((await browser.get()).cookies.has(VISITOR));
  assert.equal((await browser.get()).cookies.size, 0);
}

group("The middleware", ({ same, different, none }) => {
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
    assert.deepEqual((await site.manager.fetchByUserKey("user-1"))[0]?.meta, { save: "nope", theme: "dark" });
  });
  same("lists only data and the cookie as properties", async (start) => {
    await using site = await start((req, res) => {
      req.session.a = 1;
      req.session.b = 2;
      res.end(keys(req));
    });
    assert.equal((await site.open().get()).text, "a,b,cookie");
  });
  different("saves nothing when the app overwrites req.sessionID", "genid", async (start) => {
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
});

group("When the response has ended, the session is saved", ({ same, different }) => {
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
});

group("A cookie without a session", ({ same, different }) => {
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
  const forgetAll = (site: Site) => site.middleware.visitors.revokeAllBefore(new Date(Date.now() + 1_000));
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
  different("fails when the stored data has no cookie property", "store", async (start) => {
    await using site = await start((req, res) => res.end(keys(req)));
    const browser = site.open();
    await browser.post("/login");
    assert.equal((await browser.get()).text, "cookie");
  });
});

group("The option proxy", ({ none }) => {
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
});

group("The option cookie", ({ same, different, none }) => {
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
  different("with a path and a mount: sets no cookie where the mount is repeated", "path", async (start) => {
    await using site = await start(setUser, { manager: atPath });
    assert.ok((await site.open().get("/foo/foo/bar")).cookies.has(name));
  });
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
});

group("The option genid", ({ same, none }) => {
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
});

group("The options key and name", ({ different, same, none }) => {
  const otherDefault: Check = async (start) => {
    await using site = await start(setUser);
    assert.deepEqual([...(await site.open().get()).cookies.keys()], [VISITOR]);
  };
  none("key: has a default", "genid", rejects({ key: "sid" }));
  none("key: names the cookie", "genid", rejects({ key: "sid" }));
  different("name: is connect.sid by default", "signature", otherDefault);
  same("name: names the cookie", async (start) => {
    await using site = await start(setUser, { session: { name: "guest" } });
    assert.deepEqual([...(await site.open().get()).cookies.keys()], ["__Host-guest"]);
  });
});

group("The option rolling", ({ same, none }) => {
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
});

group("The option resave", ({ same, different, none }) => {
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
});

group("The option saveUninitialized", ({ same, different, none }) => {
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
});

group("The option secret", ({ same, none }) => {
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
});

group("The option unset", ({ same, different, none }) => {
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
});

group("The methods of the response", ({ same }) => {
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
});

group("req.session", ({ same, different }) => {
  same("keeps its data", async (start) => {
    await using site = await start((req, res) => {
      req.session.count = Number(req.session.count ?? 0) + 1;
      res.json([req.session.count, req.sessionID]);
    });
    const browser = site.open();
    const [, id] = JSON.parse((await browser.get()).text);
    assert.deepEqual((await site.middleware.visitors.fetchByUserKey(id))[0]?.meta, { count: 1 });
    assert.deepEqual(JSON.parse((await browser.get()).text), [2, id]);
  });
  different("sets a cookie with an expiry again when the data has changed", "fixedEnd", async (start) => {
    await using site = await start(countHits, { session: { expiresIn: "1h" } });
    await setsCookieOnce(site);
  });
  same("lists no methods in a loop over its properties", async (start) => {
    await using site = await start((req, res) => {
      req.session.foo = 1;
      const found: string[] = [];
      for (const key in req.session) found.push(key);
      res.end(found.sort().join(","));
    });
    assert.equal((await site.open().get()).text, "cookie,foo");
  });
  different("is not set while the store reports that it is disconnected", "store", async (start) => {
    await using site = await start(countHits);
    const browser = site.open();
    await browser.get();
    site.store.fail("fetchById");
    assert.equal((await browser.get()).status, 503);
  });
  different("is set again when the store reports that it is connected", "store", async (start) => {
    await using site = await start(countHits);
    const browser = site.open();
    await browser.get();
    site.store.fail("fetchById");
    await browser.get();
    assert.equal((await browser.get()).text, "2");
  });
  same("destroy() ends the session and removes req.session", async (start) => {
    await using site = await start((req, res) => {
      if (req.path === "/") return setUser(req, res, () => {});
      return req.session.destroy((error) => res.json([error === undefined, req.session === undefined]));
    });
    assert.equal((await site.open().get("/destroy")).cookies.size, 0);
    const browser = site.open();
    await browser.get();
    const answer = await browser.get("/destroy");
    assert.equal(answer.text, "[true,true]");
    assert.equal(answer.cookies.get(VISITOR)?.maxAge, 0);
    assert.deepEqual(site.writes(), ["create", "deleteById"]);
  });
  same("regenerate() replaces the session by another one", async (start) => {
    await using site = await start((req, res) => {
      const { id } = req.session;
      req.session.user = "bob";
      req.session.regenerate((error) => {
        const result = [error === undefined, req.session.id === id, req.session.user === undefined];
        req.session.user = "alice";
        res.json(result);
      });
    });
    const browser = site.open();
    assert.equal((await browser.get()).text, "[true,false,true]");
    const first = browser.jar.get(VISITOR);
    assert.equal((await browser.get()).text, "[true,false,true]");
    assert.notEqual(browser.jar.get(VISITOR), first);
  });
  same("reload() reads what another request has saved", async (start) => {
    await using site = await start(async (req, res) => {
      req.session.url = req.path;
      if (req.path !== "/outer") return res.end();
      await browser.copy().get("/inner");
      return req.session.reload(() => res.end(`saw ${req.session.url}`));
    });
    const browser = site.open();
    await browser.get("/");
    assert.equal((await browser.get("/outer")).text, "saw /inner");
  });
  same("reload() fails when the session has ended", async (start) => {
    await using site = await start(async (req, res) => {
      await site.manager.revokeByUserKey("user-1");
      req.session.reload((error) => res.json({ code: (error as { code?: string } | undefined)?.code }));
    });
    const browser = site.open();
    await browser.post("/login");
    assert.equal((await browser.get()).text, '{"code":"ERR_UNAUTHORIZED"}');
  });
  same("reload() can fail many times in a row", async (start) => {
    await using site = await start((req, res) => {
      let remaining = 20;
      const again = () => {
        if (remaining-- === 0) res.end("ok");
        else req.session.reload((_error) => again());
      };
      again();
    });
    assert.equal((await site.open().get()).text, "ok");
  });
  same("save() stores the data before its callback runs", async (start) => {
    await using site = await start((req, res) => {
      req.session.hit = true;
      req.session.save(async () => {
        const [stored] = await site.middleware.visitors.fetchByUserKey(req.session.id);
        res.json(stored?.meta);
      });
    });
    assert.equal((await site.open().get()).text, '{"hit":true}');
  });
  const savesOnce =
    (reload: boolean): Check =>
    async (start) => {
      await using site = await start((req, res) => {
        req.session.hit = true;
        const save = () => req.session.save(() => res.end("saved"));
        if (reload) req.session.reload((_error) => save());
        else save();
      });
      const browser = site.open();
      assert.equal((await browser.get()).text, "saved");
      assert.equal((await browser.get()).text, "saved");
      assert.deepEqual(site.writes(), ["create"]);
    };
  same("save() leaves nothing to save at the end", savesOnce(false));
  same("save() after reload() leaves nothing to save at the end", savesOnce(true));
  same("save() leaves nothing to save at the end of a new session", savesOnce(false));
  different("touch() moves the end of the session", "fixedEnd", async (start) => {
    let now = Date.UTC(2026, 0, 31);
    await using site = await start(
      (req, res) => {
        req.session.hit = true;
        res.json(req.session.touch().cookie.expires);
      },
      { clock: () => now, session: { expiresIn: "1h" } },
    );
    const browser = site.open();
    const { text } = await browser.get();
    now += 60_000;
    assert.equal((await browser.get()).text, text);
  });
});

group("req.session.cookie", ({ same, different }) => {
  const cannotSet =
    (name: string, value: unknown): Check =>
    async (start) => {
      await using site = await start((req) => {
        (req.session.cookie as unknown as Record<string, unknown>)[name] = value;
      });
      const { status, text } = await site.open().get();
      assert.equal(status, 500);
      assert.match(text, new RegExp(`req.session.cookie.${name} cannot change`));
    };
  const browserSession: Check = async (start) => {
    await using site = await start((req, res) => {
      req.session.hit = true;
      res.json([req.session.cookie.expires, req.session.cookie.maxAge]);
    });
    const { text, cookies } = await site.open().get();
    assert.equal(text, "[null,null]");
    assert.deepEqual([cookies.get(VISITOR)?.expires, cookies.get(VISITOR)?.maxAge], [undefined, undefined]);
  };
  different("changes of its attributes are sent", "fixedCookie", cannotSet("httpOnly", false));
  same("ends with the browser session by default", browserSession);
  same("is sent once if it ends with the browser session", async (start) => {
    await using site = await start(setUser);
    await setsCookieOnce(site);
  });
  different("changes override the options", "fixedCookie", cannotSet("secure", false));
  different("passes the error of an invalid expiry to the app", "fixedEnd", async (start) => {
    await assert.rejects(start(empty, { session: { expiresIn: "never" as never } }), /expiresIn must be/);
  });
  for (const [title, respond] of [
    ["leaves cookies that were set before", (_req, res) => res.setHeader("Set-Cookie", "previous=1").end()],
    [
      "leaves cookies that writeHead sets",
      (_req, res) => res.writeHead(200, { "Set-Cookie": "previous=1" }).end(),
    ],
  ] as Array<[string, Handler]>)
    same(title, async (start) => {
      await using site = await start((req, res, next) => {
        req.session.hit = true;
        return respond(req, res, next);
      });
      assert.deepEqual([...(await site.open().get()).cookies.keys()].sort(), [VISITOR, "previous"]);
    });
  const maxAges: Check = async (start) => {
    let now = Date.UTC(2026, 0, 31);
    await using site = await start(
      (req, res) => {
        req.session.hit = true;
        res.json([req.session.cookie.originalMaxAge, req.session.cookie.maxAge]);
      },
      { clock: () => now, session: { expiresIn: "2s" } },
    );
    const browser = site.open();
    assert.equal((await browser.get()).text, "[2000,2000]");
    now += 500;
    assert.equal((await browser.get()).text, "[2000,1500]");
  };
  same("originalMaxAge is the whole life", maxAges);
  same("originalMaxAge stays the same for all requests", maxAges);
  same("originalMaxAge stays the same with every store", maxAges);
  same("secure: is set over https", async (start) => {
    await using site = await start(setUser);
    assert.equal((await site.open().get()).cookies.get(VISITOR)?.secure, true);
  });
  different("secure: is not set over http", "proxy", async (start) => {
    await using site = await start(setUser);
    assert.ok((await site.open().get()).cookies.has(VISITOR));
  });
  same("the cookie expires after its maxAge", async (start) => {
    await using site = await start(setUser, { session: { expiresIn: "2s" } });
    assert.equal((await site.open().get()).cookies.get(VISITOR)?.maxAge, 2);
  });
  different("maxAge can be set", "fixedEnd", cannotSet("maxAge", 5_000));
  different("maxAge can be set to a large value", "fixedEnd", cannotSet("maxAge", 3_000_000_000));
  different("expires can be set", "fixedEnd", cannotSet("expires", new Date(0)));
  different("expires: null makes it end with the browser session", "fixedEnd", cannotSet("expires", null));
  for (const title of [
    "is not sent again if it ends with the browser session",
    "is not sent again if it ends with the browser session and the data has changed",
  ])
    same(title, async (start) => {
      await using site = await start(countHits);
      await setsCookieOnce(site);
    });
  for (const [title, partitioned] of [
    ["partitioned: is off by default", undefined],
    ["partitioned: can be off", false],
    ["partitioned: can be on", true],
  ] as const)
    same(title, async (start) => {
      const manager = partitioned === undefined ? {} : { cookie: { partitioned } };
      await using site = await start(setUser, { manager });
      assert.equal((await site.open().get()).cookies.get(VISITOR)?.partitioned, partitioned || undefined);
    });
});

group("A store that answers at once", ({ same }) => {
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
});

group("cookie-parser", ({ same, different }) => {
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
});

group("The constructor of cookies", ({ none, same, different }) => {
  const described =
    (name: string, value: unknown, options: Omit<SiteOptions, "express"> = {}): Check =>
    async (start) => {
      await using site = await start((req, res) => res.json([req.session.cookie[name as "path"]]), options);
      assert.deepEqual(JSON.parse((await site.open().get()).text), [value]);
    };
  const clock = () => Date.UTC(2026, 0, 31);
  const hour = { clock, session: { expiresIn: "1h" } } as const;
  none("creates an object", "cookieClass", described("path", "/"));
  same("expires is null by default", described("expires", null));
  same("httpOnly is true by default", described("httpOnly", true));
  same('path is "/" by default', described("path", "/"));
  same("maxAge is null by default", described("maxAge", null));
  none("with options: creates an object", "cookieClass", described("path", "/"));
  none("with options: rejects what is not an object", "cookieClass", rejects({ cookie: 42 }));
  none("with options: ignores data", "cookieClass", rejects({ cookie: { data: {} } }));
  same("expires is the end that was given", described("expires", "2026-01-31T01:00:00.000Z", hour));
  same("maxAge follows from expires", described("maxAge", 3_600_000, hour));
  same(
    "httpOnly is what was given",
    described("httpOnly", false, { manager: { cookie: { httpOnly: false } } }),
  );
  same("expires follows from maxAge", described("expires", "2026-01-31T01:00:00.000Z", hour));
  same("maxAge is what was given", described("maxAge", 3_600_000, hour));
  different("maxAge may be a Date", "fixedEnd", async (start) => {
    await assert.rejects(start(empty, { session: { expiresIn: new Date() as never } }), /expiresIn must be/);
  });
  same("maxAge of another type is rejected", async (start) => {
    await assert.rejects(start(empty, { session: { expiresIn: 42 as never } }), /expiresIn must be/);
  });
  same(
    "partitioned is what was given",
    described("partitioned", true, { manager: { cookie: { partitioned: true } } }),
  );
  same("path is what was given", described("path", "/foo", { manager: { cookie: { path: "/foo" } } }));
  none("priority is what was given", "cookieClass", async (start) => {
    await assert.rejects(start(empty, { manager: { cookie: { priority: "high" } as never } }), /priority/);
  });
});

/** All cases, in the order of express-session's suite. */
export const CASES: readonly Case[] = cases;
