import { describe, expect, it } from "vitest";
import {
  assign,
  countHits,
  EXPRESS,
  readData,
  type Site,
  type SiteOptions,
  startSite,
  USER,
  VISITOR,
} from "./_site.ts";

describe.each([...EXPRESS])("visitors, on %s", (_version, express) => {
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

describe.each([...EXPRESS])("the login of a visitor, on %s", (_version, express) => {
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
    await using site = await startWithLoginElsewhere(express);
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
    await using site = await startWithLoginElsewhere(express);
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

/** Starts a site with a login on a route before the middleware. */
async function startWithLoginElsewhere(express: NonNullable<SiteOptions["express"]>): Promise<Site> {
  const site = await startSite(assign, {
    express,
    before: (app) =>
      app.post("/elsewhere", (req, res, next) => {
        site.sessions.init(req, "user-1").then(() => res.end(), next);
      }),
  });
  return site;
}
