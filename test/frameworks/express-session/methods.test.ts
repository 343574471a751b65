import type { Response } from "express";
import { describe, expect, it } from "vitest";
import { assign, EXPRESS, readData, type SessionRequest, startSite, USER } from "./_site.ts";

describe.each([...EXPRESS])("the methods of req.session, on %s", (_version, express) => {
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

  it("destroy that fails while the response already waits fails the request once", async () => {
    await using site = await startSite(
      (req, res) => {
        req.session.destroy(() => {});
        res.redirect("/");
      },
      { express },
    );
    const browser = site.open();
    await browser.post("/login");
    site.store.fail("deleteById");
    const answer = await browser.post("/destroy");
    expect(answer.status).toBe(503);
    // Express runs an error handler once. A second error would replace its response.
    expect(answer.text).toMatch(/^The session store failed/);
    expect(site.errors).toHaveLength(1);
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
