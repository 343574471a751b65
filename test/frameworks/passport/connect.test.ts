import { createServer } from "node:http";
import express from "express";
import { Manager, SessionError, type StandardSchema } from "sessionup";
import { expressSessions } from "sessionup/express";
import { koaSessions } from "sessionup/koa";
import { connectPassport, oauth2StateStore, type PassportOptions } from "sessionup/passport";
import { memoryStore } from "sessionup/stores/memory";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { GatedStore } from "../../support/gated-store.ts";
import { listen } from "../../support/listen.ts";
import { Browser } from "./browser.ts";
import { installPassport } from "./packages.ts";

type Passport = typeof import("passport");
type AnyOptions = PassportOptions<unknown, undefined, undefined, express.Request>;

let passport: Passport;
beforeAll(async () => {
  await installPassport();
  ({ default: passport } = await import("passport"));
}, 600_000);

const ANN = { id: "ann" };
const createSessions = () => expressSessions(new Manager(memoryStore()));

/** Serves an app whose `/login` logs a user in, and whose `/me` shows `req.user` and the number of calls of `next`. */
async function serve({
  options,
  user = ANN,
  prepare,
  manager = new Manager(memoryStore()),
}: {
  options?: AnyOptions;
  user?: unknown;
  prepare?: (authenticator: InstanceType<Passport["Passport"]>) => void;
  manager?: Manager;
}): Promise<{ origin: string; errors: unknown[]; calls: { next: number } }> {
  const authenticator = new passport.Passport();
  const sessions = expressSessions(manager);
  if (options) connectPassport(authenticator, sessions, options);
  else connectPassport(authenticator, sessions);
  prepare?.(authenticator);
  const errors: unknown[] = [];
  const calls = { next: 0 };
  const app = express();
  app.use((req, res, next) =>
    authenticator.session()(req, res, (error: unknown) => {
      calls.next++;
      next(error);
    }),
  );
  app.post("/login", (req, res, next) => {
    req.login(user as Express.User, (error) => (error ? next(error) : res.sendStatus(204)));
  });
  app.get("/me", (req, res) => void res.json({ user: req.user }));
  app.use(((error, _req, res, _next) => {
    errors.push(error);
    res.sendStatus(error.status ?? 500);
  }) satisfies express.ErrorRequestHandler);
  const { origin, close } = await listen(createServer(app));
  onTestFinished(close);
  return { origin, errors, calls };
}

async function me(origin: string, browser: Browser): Promise<unknown> {
  const { status, text } = await browser.get(`${origin}/me`);
  return status === 200 ? JSON.parse(text).user : status;
}

describe("connectPassport", () => {
  it("anything but an instance of Passport 0.6 or later is rejected", () => {
    const sessions = createSessions();
    const older = { use() {}, _sm: { logIn() {}, logOut(_request: object, _done: () => void) {} } };
    for (const given of [undefined, {}, express(), passport.Passport, older])
      expect(() => connectPassport(given as never, sessions)).toThrow(/requires an instance of Passport 0.6/);
  });

  it("anything but the sessions of an adapter is rejected", () => {
    const authenticator = new passport.Passport();
    for (const given of [undefined, {}, new Manager(memoryStore())])
      expect(() => connectPassport(authenticator, given as never)).toThrow(/sessions must be the result/);
  });

  it("an unknown or invalid option is rejected with its name", () => {
    const connect = (options: object) => () =>
      connectPassport(new passport.Passport(), createSessions(), options);
    expect(connect({ restore: () => ANN })).toThrow('"restore" is not an option of connectPassport');
    expect(connect({ findUser: ANN })).toThrow("connectPassport.findUser must be a function");
  });

  it("a later Passport with a public method for it receives the session manager", () => {
    const authenticator = new passport.Passport() as object as { sessionManager?: unknown; _sm: object };
    const before = authenticator._sm;
    const received: unknown[] = [];
    authenticator.sessionManager = (manager: unknown) => received.push(manager);
    connectPassport(authenticator as never, createSessions());
    expect(received).toEqual([{ logIn: expect.any(Function), logOut: expect.any(Function) }]);
    expect(authenticator._sm).toBe(before);
  });

  it("a second call replaces the sessions of the first one", async () => {
    const [first, second] = [new Manager(memoryStore()), new Manager(memoryStore())];
    const options: AnyOptions = { findUser: (id) => ({ id }), toUserKey: () => "ann" };
    const { origin } = await serve({
      options,
      manager: first,
      prepare: (authenticator) => connectPassport(authenticator, expressSessions(second), options),
    });
    await new Browser().post(`${origin}/login`);
    expect(await first.fetchByUserKey("ann")).toEqual([]);
    expect(await second.fetchByUserKey("ann")).toHaveLength(1);
  });

  it("sessions of another framework are rejected by an error of the request", async () => {
    const authenticator = new passport.Passport();
    connectPassport(authenticator, koaSessions(new Manager(memoryStore())));
    const app = express().use(authenticator.session());
    app.set("env", "test");
    const { origin, close } = await listen(createServer(app));
    onTestFinished(close);
    const page = await new Browser().get(`${origin}/`);
    expect(page.status).toBe(500);
    expect(page.text).toContain("the sessions do not belong to this app");
  });
});

describe("the user of a session", () => {
  it("without options, the functions that the app has registered serialize the user", async () => {
    const { origin } = await serve({
      user: { id: 7 },
      prepare(authenticator) {
        authenticator.serializeUser((_user, done) => done("pass"));
        authenticator.serializeUser((user, done) => done(null, user.id));
        authenticator.deserializeUser((id: unknown, done) => done(null, { id: `${typeof id} ${id}` }));
      },
    });
    const browser = new Browser();
    expect((await browser.post(`${origin}/login`)).status).toBe(204);
    await expect(me(origin, browser)).resolves.toEqual({ id: "string 7" });
  });

  it("without options, a user who no longer exists ends the session", async () => {
    let found: Express.User | false = ANN;
    const { origin } = await serve({
      prepare(authenticator) {
        authenticator.serializeUser((user, done) => done(null, user.id));
        authenticator.deserializeUser((_id, done) => done(null, found));
      },
    });
    const browser = new Browser();
    await browser.post(`${origin}/login`);
    found = false;
    await expect(me(origin, browser)).resolves.toBeUndefined();
    found = ANN;
    await expect(me(origin, browser)).resolves.toBeUndefined();
  });

  it.each([[{ id: "ann" }], [1.5], [true]])("a user serialized to %o is rejected", async (serialized) => {
    const { origin, errors } = await serve({
      prepare: (authenticator) => authenticator.serializeUser((_user, done) => done(null, serialized)),
    });
    expect((await new Browser().post(`${origin}/login`)).status).toBe(500);
    expect(errors).toEqual([expect.any(TypeError)]);
    expect(String(errors[0])).toContain("must give the user key, a string or an integer");
  });

  it("an app without functions gets the error of Passport", async () => {
    const { origin, errors } = await serve({});
    expect((await new Browser().post(`${origin}/login`)).status).toBe(500);
    expect(String(errors[0])).toContain("Failed to serialize user into session");
  });

  it("findUser receives the user key, the session and the request", async () => {
    const received: unknown[] = [];
    const findUser: AnyOptions["findUser"] = (userKey, session, request) => {
      received.push(userKey, session.userKey, session.current, request.path);
      return ANN;
    };
    const { origin } = await serve({ options: { findUser, toUserKey: () => "ann" } });
    const browser = new Browser();
    await browser.post(`${origin}/login`);
    await me(origin, browser);
    expect(received).toEqual(["ann", "ann", true, "/me"]);
  });

  it("passport.initialize({ userProperty }) names the property of the user", async () => {
    const authenticator = new passport.Passport();
    const options: AnyOptions = { findUser: (id) => ({ id }), toUserKey: () => "ann" };
    connectPassport(authenticator, createSessions(), options);
    const app = express();
    app.use(authenticator.initialize({ userProperty: "account" }), authenticator.session());
    app.post("/login", (req, res, next) => {
      req.login(ANN, (error) => (error ? next(error) : res.sendStatus(204)));
    });
    app.get("/me", (req, res) => void res.json({ user: Reflect.get(req, "account"), other: req.user }));
    const { origin, close } = await listen(createServer(app));
    onTestFinished(close);
    const browser = new Browser();
    await browser.post(`${origin}/login`);
    expect(JSON.parse((await browser.get(`${origin}/me`)).text)).toEqual({ user: ANN });
  });
});

describe("errors", () => {
  // Passport and Express take `undefined` and `null` for success, and Express skips a router for "router".
  it.each([[undefined], [null], [0], ["router"], [new Error("the database is down")]])(
    "findUser that rejects with %o fails the request once",
    async (reason) => {
      const options: AnyOptions = { findUser: () => Promise.reject(reason), toUserKey: () => "ann" };
      const { origin, errors, calls } = await serve({ options });
      const browser = new Browser();
      await browser.post(`${origin}/login`);
      calls.next = 0;
      await expect(me(origin, browser)).resolves.toBe(500);
      expect(errors).toEqual([reason instanceof Error ? reason : expect.any(Error)]);
      expect(calls.next).toBe(1);
    },
  );

  it.each([["toUserKey"], ["init"]])("a login whose %s rejects with undefined fails", async (name) => {
    const options: AnyOptions = { toUserKey: () => "ann", [name]: () => Promise.reject(undefined) };
    const manager = new Manager(memoryStore());
    const { origin, errors } = await serve({ options, manager });
    expect((await new Browser().post(`${origin}/login`)).status).toBe(500);
    expect(errors).toEqual([expect.any(Error)]);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("an error of a session has the form that NestJS reads", async () => {
    const store = new GatedStore();
    const options: AnyOptions = { findUser: () => ANN, toUserKey: () => "ann" };
    const { origin, errors } = await serve({ options, manager: new Manager(store) });
    const browser = new Browser();
    await browser.post(`${origin}/login`);
    store.fail("fetchById");
    await expect(me(origin, browser)).resolves.toBe(503);
    expect(errors).toEqual([expect.objectContaining({ status: 503, statusCode: 503, expose: false })]);
    expect(SessionError.is(errors[0])).toBe(true);
  });
});

describe("metadata of a login", () => {
  it.each<[title: string, kept: unknown, given: unknown, result: unknown]>([
    ["a login without metadata keeps that of the session", ["a"], undefined, ["a"]],
    ["a login with metadata that is not an object replaces it", { a: 1 }, "b", "b"],
    ["a login with an array replaces an object", { a: 1 }, ["b"], ["b"]],
    ["objects are merged by property", { a: 1, b: 1 }, { b: 2 }, { a: 1, b: 2 }],
  ])("with keepSessionInfo, %s", async (_title, kept, given, result) => {
    const validate = (value: unknown) => ({ value });
    const schema: StandardSchema = { "~standard": { version: 1, vendor: "test", validate } };
    const manager = new Manager<unknown, unknown>(memoryStore(), { meta: schema });
    let meta = kept;
    const authenticator = new passport.Passport();
    connectPassport(authenticator, expressSessions(manager), {
      findUser: () => ANN,
      toUserKey: () => "ann",
      init: () => (meta === undefined ? {} : { meta }),
    });
    const app = express();
    app.use(authenticator.session());
    app.post("/login", (req, res, next) => {
      const done = (error: unknown) => (error ? next(error) : res.sendStatus(204));
      req.login(ANN, { session: true, keepSessionInfo: true }, done);
    });
    const { origin, close } = await listen(createServer(app));
    onTestFinished(close);
    const browser = new Browser();
    await browser.post(`${origin}/login`);
    meta = given;
    await browser.post(`${origin}/login`);
    const [session, ...others] = await manager.fetchByUserKey("ann");
    expect(others).toEqual([]);
    expect(session?.meta).toEqual(result);
  });
});

describe("oauth2StateStore", () => {
  it("a manager without keys and invalid options are rejected", () => {
    expect(() => oauth2StateStore(createSessions())).toThrow(/keys/);
    const sessions = expressSessions(new Manager(memoryStore(), { keys: ["0123456789".repeat(4)] }));
    expect(() => oauth2StateStore(sessions, { ttl: "1" as never })).toThrow("oauth2StateStore.ttl");
    expect(() => oauth2StateStore(sessions, { sameSite: "strict" as never })).toThrow(
      'oauth2StateStore.sameSite must be "lax" or "none"',
    );
    expect(() => oauth2StateStore({} as never)).toThrow(/sessions must be the result/);
  });
});

describe("a strategy that does not extend passport-oauth2", () => {
  it("a store call in the form of passport-openidconnect throws", () => {
    const sessions = expressSessions(new Manager(memoryStore(), { keys: ["0123456789".repeat(4)] }));
    const { store } = oauth2StateStore(sessions);
    const context = { nonce: "n", issued: new Date() };
    expect(() => store({}, context, undefined, {}, () => undefined)).toThrow(/serves passport-oauth2/);
  });
});

describe("options of authenticate that need req.session", () => {
  it("failureMessage throws without req.session, so that the guide advises against it", async () => {
    const { Strategy: LocalStrategy } = await import("passport-local");
    const authenticator = new passport.Passport();
    connectPassport(authenticator, createSessions());
    authenticator.use(new LocalStrategy((_name, _password, done) => done(null, false, { message: "no" })));
    const app = express();
    app.use(express.urlencoded());
    app.post("/login", authenticator.authenticate("local", { failureMessage: true }));
    app.set("env", "test");
    const { origin, close } = await listen(createServer(app));
    onTestFinished(close);
    const page = await new Browser().post(`${origin}/login`, { username: "ann", password: "wrong" });
    expect(page.status).toBe(500);
    expect(page.text).toContain("TypeError");
  });
});
