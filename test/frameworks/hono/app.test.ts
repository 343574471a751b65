import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import { Manager, SessionError, typed } from "sessionup";
import { type HonoSessionsOptions, honoSessions } from "sessionup/hono";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { names } from "../running.ts";
import { running } from "./_app.ts";

describe("c.var of honoSessions", () => {
  const sessions = honoSessions(new Manager(memoryStore()));

  it("c.var.session follows every change of the session within the request", async () => {
    const app = new Hono().use(sessions.public()).post("/", async (c) => {
      const seen: unknown[] = [];
      const look = () => seen.push([c.var.session?.userKey, c.get("session")?.id === c.var.session?.id]);
      look();
      await sessions.init(c, "ann");
      look();
      const own = c.var.session?.id ?? "";
      await sessions.revokeOwn(c, own);
      look();
      await sessions.init(c, "bob");
      const before = c.var.session?.authenticatedAt;
      await sessions.reauthenticate(c);
      seen.push(c.var.session !== undefined && c.var.session.authenticatedAt !== before);
      await sessions.revoke(c);
      look();
      await sessions.init(c, "cid");
      await sessions.revokeAll(c);
      look();
      return c.json(seen);
    });
    await running(app, async (client) => {
      expect((await client.post("/")).json()).toEqual([
        [null, true],
        ["ann", true],
        [null, true],
        true,
        [null, true],
        [null, true],
      ]);
    });
  });

  it("c.var.session has the metadata that updateMeta stored", async () => {
    const manager = new Manager(memoryStore(), { meta: typed<{ theme: string }>() });
    const users = honoSessions(manager);
    const app = new Hono().use(users.public()).post("/", async (c) => {
      await users.init(c, "ann", { meta: { theme: "dark" } });
      await users.updateMeta(c, ({ theme }) => ({ theme: `${theme}er` }));
      return c.json(c.var.session?.meta.theme);
    });
    await running(app, async (client) => expect((await client.post("/")).json()).toBe("darker"));
  });

  it("c.var holds the sessions of two managers under two names", async () => {
    const store = memoryStore();
    const users = honoSessions(new Manager(store));
    const admins = honoSessions(new Manager(store, { cookie: { name: "admin" } }), { as: "admin" });
    const app = new Hono()
      .post("/login", async (c) => {
        await users.init(c, "ann");
        await admins.init(c, "root");
        return c.text("in");
      })
      .get("/", users.auth(), admins.auth(), (c) =>
        c.json([c.var.session.userKey, c.var.admin.userKey, Object.keys(c.var).sort()]),
      );
    await running(app, async (client) => {
      await client.post("/login");
      expect((await client.get("/")).json()).toEqual(["ann", "root", ["admin", "session"]]);
    });
  });

  it("c.var.session is unset after the ready-made routes ended the session", async () => {
    const seen: unknown[] = [];
    const app = new Hono()
      .post("/login", async (c) => c.json(await sessions.init(c, "ann")))
      .use(sessions.public())
      .use(async (c, next) => {
        const before = c.var.session?.userKey;
        await next();
        seen.push([before, c.var.session?.userKey]);
      })
      .use(sessionRoutes(sessions, { path: "/account" }));
    await running(app, async (client) => {
      await client.post("/login");
      await client.post("/account/logout");
      expect(seen).toEqual([["ann", undefined]]);
    });
  });
});

describe("honoSessions in an app", () => {
  const sessions = honoSessions(new Manager(memoryStore()));
  const login = async (c: Context) => c.json({ ip: (await sessions.init(c, "ann")).ip ?? null });

  it("guards work in sub-apps with base paths, and onError knows the session", async () => {
    const part = new Hono()
      .basePath("/v1")
      .get("/who", sessions.auth(), (c) => c.text(c.var.session.userKey));
    const app = new Hono().post("/login", login).use("/throws", sessions.public());
    app.get("/throws", () => {
      throw new Error("on purpose");
    });
    app.route("/part", part);
    app.route("/more", new Hono().use(sessionRoutes(sessions, { path: "/more/account" })));
    app.onError((_error, c) => c.text(sessions.current(c)?.userKey ?? "guest", 418));
    await running(app, async (client) => {
      await client.post("/login");
      expect((await client.get("/part/v1/who")).text).toBe("ann");
      expect((await client.get("/throws")).text).toBe("ann");
      expect((await client.get("/more/account/session")).status).toBe(200);
      expect((await client.send("OPTIONS", "/more/account/session")).status).toBe(404);
    });
  });

  it("the origin check reads the host from the URL when the runtime sends no Host header", async () => {
    const app = new Hono().use(sessionRoutes(sessions));
    for (const [origin, status] of [
      ["https://example.com", 204],
      ["https://evil.example", 403],
    ] as const) {
      const answer = await app.request("https://example.com/logout", { method: "POST", headers: { origin } });
      expect(answer.status).toBe(status);
    }
  });

  it("onError receives a SessionError that a handler throws, with its status", async () => {
    const app = new Hono().get("/", sessions.public(), (c) => c.text(sessions.require(c).userKey));
    app.onError((error) => {
      if (SessionError.is(error)) return Response.json({ error: error.code }, { status: error.status });
      throw error;
    });
    await running(app, async (client) => {
      const answer = await client.get("/");
      expect([answer.status, answer.json()]).toEqual([401, { error: "ERR_UNAUTHORIZED" }]);
    });
  });

  it("auth answers with the result of reject and does not run the handler", async () => {
    let ran = 0;
    for (const [reject, expected] of [
      [(error: SessionError, c: Context) => c.redirect(`/login?reason=${error.reason}`, 303), 303],
      [async () => new Response("no", { status: 403 }), 403],
      [() => Response.redirect("https://example.com/login", 302), 302],
      // The app forgot to return.
      [(() => undefined) as unknown as NonNullable<HonoSessionsOptions["reject"]>, 401],
    ] as const) {
      const manager = new Manager(memoryStore(), { expiresIn: "1s", clock: () => now });
      let now = Date.now();
      const rejecting = honoSessions(manager, { reject });
      const app = new Hono()
        .post("/login", async (c) => c.json(await rejecting.init(c, "ann")))
        .get("/", rejecting.auth(), (c) => c.text(`secret ${ran++}`));
      await running(app, async (client) => {
        await client.post("/login");
        now += 2_000;
        const answer = await client.get("/");
        expect([answer.status, names(answer.cookies)]).toEqual([expected, ["__Host-sessionup"]]);
        expect(answer.text).not.toContain("secret");
      });
    }
    expect(ran).toBe(0);
  });

  it("onError receives the error that reject throws", async () => {
    const rejecting = honoSessions(new Manager(memoryStore()), {
      reject: () => {
        throw new Error("the template is missing");
      },
    });
    const app = new Hono().get("/", rejecting.auth(), (c) => c.text("secret"));
    app.onError((error, c) => c.text(error.message, 500));
    await running(app, async (client) => {
      const answer = await client.get("/");
      expect([answer.status, answer.text]).toEqual([500, "the template is missing"]);
    });
  });
});

describe("the client address in honoSessions", () => {
  const proxied = { "x-forwarded-for": "198.51.100.1, 203.0.113.9" };

  /** Logs in. Returns the address that the session keeps. */
  async function loginAddress(
    manager: Manager,
    options: HonoSessionsOptions,
    headers = proxied,
  ): Promise<unknown> {
    const sessions = honoSessions(manager, options);
    const app = new Hono().post("/", async (c) => c.json((await sessions.init(c, "ann")).ip ?? null));
    let found: unknown;
    await running(app, async (client) => {
      found = (await client.post("/", headers)).json();
    });
    return found;
  }

  it("the address is the socket's on Node, with and without getConnInfo", async () => {
    const peerAddress = (c: Context) => getConnInfo(c).remote.address;
    for (const options of [{}, { peerAddress }])
      expect(await loginAddress(new Manager(memoryStore()), options)).toBe("127.0.0.1");
  });

  it("trustProxy decides the address", async () => {
    const manager = () => new Manager(memoryStore(), { trustProxy: ["127.0.0.0/8"] });
    expect(await loginAddress(manager(), {})).toBe("203.0.113.9");
    expect(await loginAddress(manager(), { peerAddress: () => "192.0.2.7" })).toBe("192.0.2.7");
  });

  it("the address is unknown when neither the runtime nor the app provides one", async () => {
    const sessions = honoSessions(new Manager(memoryStore()));
    const app = new Hono().post("/", async (c) => c.json((await sessions.init(c, "ann")).ip ?? null));
    const answer = await app.request("/", { method: "POST", headers: proxied });
    expect(await answer.json()).toBeNull();
  });
});

describe("honoSessions", () => {
  const sessions = honoSessions(new Manager(memoryStore()));

  it("a method called with another context explains what to pass", async () => {
    const app = new Hono().get("/", async (c) => {
      const wrong = [c.req, c.req.raw, c.res] as unknown as Context[];
      const messages = await Promise.all(wrong.map((each) => sessions.get(each).catch(String)));
      return c.json(messages);
    });
    const messages: string[] = await (await app.request("/")).json();
    expect(messages).toHaveLength(3);
    for (const text of messages) expect(text).toMatch(/^TypeError: sessionup\/hono: .*Pass `c`\.$/);
  });

  it("honoSessions rejects unknown and empty options", () => {
    const manager = new Manager(memoryStore());
    expect(() => honoSessions(manager, { peerAdress: () => "" } as HonoSessionsOptions)).toThrow(
      /peerAdress/,
    );
    expect(() => honoSessions(manager, { as: "" })).toThrow(TypeError);
  });
});
