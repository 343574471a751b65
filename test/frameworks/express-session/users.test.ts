import { bearer, initBearer } from "sessionup/bearer";
import { describe, expect, it } from "vitest";
import { Gate } from "../../support/gate.ts";
import { assign, EXPRESS, readData, startSite, USER, VISITOR } from "./_site.ts";

describe.each([...EXPRESS])("users, on %s", (_version, express) => {
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

describe.each([...EXPRESS])("concurrent requests, on %s", (_version, express) => {
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

  it.each(["user", "visitor"])("a %s's session that ends while a handler runs stays ended", async (kind) => {
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
  });

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

  it("an app with a bearer token has its data, can reload it, and gets no cookie", async () => {
    await using site = await startSite(
      async (req, res) => {
        if (req.path === "/app") {
          const { token } = await initBearer(site.sessions, req, "user-1");
          return res.end(token);
        }
        if (req.path !== "/reload") return assign(req, res, () => {});
        req.session.lost = true;
        return req.session.reload((error) => res.json([error === undefined, readData(req)]));
      },
      { express, manager: { transports: ["cookie", bearer()] } },
    );
    const browser = site.open();
    const headers = { authorization: `Bearer ${(await browser.post("/app")).text}` };
    expect((await browser.get("/?a=1", headers)).status).toBe(200);
    expect(JSON.parse((await browser.get("/reload", headers)).text)).toEqual([true, { a: "1" }]);
    expect([...browser.jar.keys()]).toEqual([]);
    await browser.get("/?a=2");
    expect([...browser.jar.keys()]).toEqual([VISITOR]);
  });

  it("a visitor has a cookie, also where users have none", async () => {
    await using site = await startSite(assign, { express, manager: { transports: [bearer()] } });
    const browser = site.open();
    await browser.get("/?a=1");
    expect([...browser.jar.keys()]).toEqual([VISITOR]);
  });
});
