import { getConnInfo as nodeConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import { getConnInfo as bunConnInfo } from "hono/bun";
import { hc } from "hono/client";
import { getConnInfo as workersConnInfo } from "hono/cloudflare-workers";
import { createFactory } from "hono/factory";
import { testClient } from "hono/testing";
import { validator } from "hono/validator";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { honoSessions } from "sessionup/hono";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expectTypeOf, it } from "vitest";

const store = memoryStore();
const sessions = honoSessions(new Manager(store));
const themed = honoSessions(new Manager(store, { meta: typed<{ theme: string }>() }));
const admins = honoSessions(new Manager(store, { cookie: { name: "admin" } }), { as: "admin" });

describe("the type of c.var", () => {
  it("c.var.session is defined behind auth and optional behind public", () => {
    new Hono()
      .get("/private", sessions.auth(), (c) => {
        expectTypeOf(c.var.session).toEqualTypeOf<Session>();
        expectTypeOf(c.get("session")).toEqualTypeOf<Session>();
        return c.text(c.var.session.userKey);
      })
      .get("/public", sessions.public(), (c) => {
        expectTypeOf(c.var.session).toEqualTypeOf<Session | undefined>();
        return c.text("");
      })
      .get("/neither", (c) => {
        // @ts-expect-error no middleware has loaded a session
        c.var.session;
        return c.text("");
      });
  });

  it("c.var.session keeps its type later in the chain, and is narrower behind auth", () => {
    new Hono()
      .use(sessions.public())
      .get("/", (c) => {
        expectTypeOf(c.var.session).toEqualTypeOf<Session | undefined>();
        return c.text("");
      })
      .get("/private", sessions.auth(), (c) => {
        expectTypeOf(c.var.session.userKey).toEqualTypeOf<string>();
        return c.text("");
      });
  });

  it("c.var.session has the metadata's type, and two managers have two names", () => {
    new Hono().get("/", themed.auth(), admins.public(), (c) => {
      expectTypeOf(c.var.session).toEqualTypeOf<Session<{ theme: string }>>();
      expectTypeOf(c.var.admin).toEqualTypeOf<Session | undefined>();
      // @ts-expect-error unknown name
      c.var.root;
      return c.text(c.var.session.meta.theme);
    });
  });

  it("c.var and the bindings keep the app's own types", () => {
    type Env = { Bindings: { KEY: string }; Variables: { locale: "de" | "en" } };
    new Hono<Env>().use(sessions.public()).get("/:id", sessions.auth(), async (c) => {
      expectTypeOf(c.var.locale).toEqualTypeOf<"de" | "en">();
      expectTypeOf(c.env.KEY).toEqualTypeOf<string>();
      expectTypeOf(c.req.param("id")).toEqualTypeOf<string>();
      expectTypeOf(await sessions.get(c)).toEqualTypeOf<Session | undefined>();
      return c.text("");
    });
    createFactory<Env>().createHandlers(sessions.auth(), (c) => c.text(c.var.session.userKey + c.var.locale));
  });

  it("honoSessions does not augment Hono's types", () => {
    expectTypeOf<
      Extract<keyof import("hono").ContextVariableMap, "session" | "admin">
    >().toEqualTypeOf<never>();
  });
});

describe("the type of a Hono app", () => {
  const app = new Hono()
    .use(sessionRoutes(sessions, { path: "/account" }))
    .use(sessions.public())
    .get("/who", sessions.auth(), (c) => c.json({ user: c.var.session.userKey }))
    .post(
      "/login",
      validator("json", (value: { name: string }) => ({ name: value.name })),
      async (c) => {
        const { name } = c.req.valid("json");
        await sessions.init(c, name);
        return c.json({ name }, 201);
      },
    );

  it("hc and testClient read the types of an app's responses", async () => {
    const client = hc<typeof app>("https://example.com");
    expectTypeOf(client.who.$get).returns.resolves.toHaveProperty("status");
    const read = async () => (await client.who.$get()).json();
    expectTypeOf(read).returns.resolves.toEqualTypeOf<{ user: string }>();
    const login = async () => (await client.login.$post({ json: { name: "ann" } })).json();
    expectTypeOf(login).returns.resolves.toEqualTypeOf<{ name: string }>();
    // @ts-expect-error the body has another type
    const wrong = () => client.login.$post({ json: { user: 1 } });
    expectTypeOf(wrong).toBeFunction();
    const tested = async () => (await testClient(app).who.$get()).json();
    expectTypeOf(tested).returns.resolves.toEqualTypeOf<{ user: string }>();
  });
});

describe("the options of honoSessions", () => {
  it("peerAddress accepts getConnInfo of every runtime, and reject receives Hono's own c", () => {
    for (const getConnInfo of [nodeConnInfo, bunConnInfo, workersConnInfo])
      honoSessions(new Manager(store), { peerAddress: (c) => getConnInfo(c).remote.address });
    honoSessions(new Manager(store), {
      reject: (error, c) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        expectTypeOf(c).toEqualTypeOf<Context>();
        return c.redirect("/login");
      },
    });
    // @ts-expect-error undefined is not a response
    honoSessions(new Manager(store), { reject: () => undefined });
  });
});
