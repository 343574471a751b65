import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { bindSessions } from "../http/bound-sessions.ts";
import { Manager, type SessionEvents, typed } from "../index.ts";
import { TestClock } from "../testing/test-clock.ts";
import { createPocket } from "./pocket.ts";

const [KEY, OLD] = ["k".repeat(32), "o".repeat(32)];
const NAME = "__Host-sessionup-pocket";
const LOGIN = { verifier: "v".repeat(43), returnTo: "/orders" };

const meta = z.object({ cart: z.array(z.string()) });
const values = {
  oauth: { schema: typed<{ verifier: string; returnTo?: string }>() },
  cart: { schema: z.array(z.string().min(1)), ttl: "7d" },
} as const;

/** Creates an app. Several apps with one clock and one store are processes or releases of the same app. */
function setUp(options: object = {}, clock = new TestClock(), store = new GatedStore()) {
  const manager = new Manager(store, { keys: [KEY], meta, clock: clock.now, ...options });
  const sessions = testSessions(manager);
  return { clock, store, manager, sessions, pocket: createPocket(sessions, { values }) };
}

/** Returns the same browser with a copy of its cookies, as an attacker who read them has. */
function copy(browser: Browser): Browser {
  const other = new Browser();
  for (const [name, value] of browser.jar) other.jar.set(name, value);
  return other;
}

describe("put, take and peek", () => {
  it("take returns a value once, and peek leaves it", async () => {
    const { pocket, store } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    expect(await browser.visit((request) => pocket.peek(request, "oauth"))).toEqual(LOGIN);
    expect(await browser.visit((request) => pocket.take(request, "oauth"))).toEqual(LOGIN);
    expect(browser.jar.size).toBe(0);
    expect(await browser.visit((request) => pocket.take(request, "oauth"))).toBeUndefined();
    expect(store.calls).toEqual([]);
  });

  it("a request sees what it has put and taken", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    await browser.visit(async (request) => {
      await pocket.put(request, "cart", ["a"]);
      expect(await pocket.peek(request, "cart")).toEqual(["a"]);
      await pocket.put(request, "cart", ["a", "b"]);
      expect(await pocket.take(request, "cart")).toEqual(["a", "b"]);
      expect(await pocket.peek(request, "cart")).toBeUndefined();
      await pocket.put(request, "cart", ["c"]);
    });
    expect(await browser.visit((request) => pocket.take(request, "cart"))).toEqual(["c"]);
  });

  it("without a value, no cookie is set and the store is not asked", async () => {
    const { pocket, store } = setUp();
    const request = new Browser().request("GET");
    expect(await pocket.peek(request, "cart")).toBeUndefined();
    expect(await pocket.take(request, "cart", { once: true })).toBeUndefined();
    expect([request.cookies, [...request.responseHeaders], store.calls]).toEqual([[], [], []]);
  });

  it("the cookie has the strictest attributes and the life of its value, and no cache stores it", async () => {
    const { clock, pocket } = setUp();
    const request = new Browser().request();
    await pocket.put(request, "oauth", LOGIN);
    await pocket.put(request, "cart", ["a"], { ttl: "2h" });
    const strict = { path: "/", httpOnly: true, secure: true, sameSite: "lax", partitioned: false };
    const lives = (seconds: number) => ({ maxAge: seconds, expires: clock.now() + seconds * 1_000 });
    expect(request.cookies).toEqual([
      { name: `${NAME}-oauth`, value: expect.stringMatching(/^[0-9A-Za-z]+$/), ...strict, ...lives(600) },
      { name: `${NAME}-cart`, value: expect.stringMatching(/^[0-9A-Za-z]+$/), ...strict, ...lives(7_200) },
    ]);
    expect(request.responseHeaders.get("cache-control")).toBe("no-store");
  });

  it.each<[cookie: object, name: string]>([
    [{ secure: false }, "sessionup-pocket-cart"],
    [{ domain: "example.com", path: "/app" }, `${NAME}-cart`],
    [{ name: "shop" }, "__Host-shop-pocket-cart"],
    [{ name: "__Secure-shop", path: "/app" }, "__Host-shop-pocket-cart"],
    [{ name: "__Host-shop" }, "__Host-shop-pocket-cart"],
  ])("with cookie: %o the cookie is %s on the path / of this host", async (cookie, name) => {
    const { pocket } = setUp({ cookie });
    const request = new Browser().request();
    await pocket.put(request, "cart", ["a"]);
    expect(request.cookies).toMatchObject([{ name, path: "/" }]);
    expect(request.cookies[0]).not.toHaveProperty("domain");
  });

  it("a value can be sent with a form of another site, and then needs secure cookies", async () => {
    const { sessions } = setUp();
    const options = { values: { saml: { schema: typed<string>(), sameSite: "none" } } } as const;
    const request = new Browser().request();
    await createPocket(sessions, options).put(request, "saml", "id");
    expect(request.cookies).toMatchObject([{ sameSite: "none", secure: true }]);
    expect(() => createPocket(setUp({ cookie: { secure: false } }).sessions, options)).toThrow(
      'createPocket.values.saml.sameSite "none" requires cookie.secure: true.',
    );
  });

  it("a value is over when its ttl has passed by the manager's clock", async () => {
    const { clock, pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    clock.advance("599s");
    expect(await browser.visit((request) => pocket.peek(request, "oauth"))).toEqual(LOGIN);
    clock.advance("1s");
    expect(await browser.visit((request) => pocket.peek(request, "oauth"))).toBeUndefined();
  });

  it("a cookie is valid for its own name, manager and keys only", async () => {
    const { clock, store, pocket, manager } = setUp({ keys: [OLD] });
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "cart", ["a"]));
    const value = browser.jar.get(`${NAME}-cart`) as string;
    const take = (app: ReturnType<typeof setUp>, name = `${NAME}-cart`, which: "cart" | "oauth" = "cart") => {
      const other = new Browser();
      other.jar.set(name, value);
      return other.visit((request) => app.pocket.take(request, which));
    };
    expect(await take(setUp({ keys: [OLD] }, clock, store), `${NAME}-oauth`, "oauth")).toBeUndefined();
    const admin = setUp({ keys: [OLD], cookie: { name: "admin" } }, clock, store);
    expect(await take(admin, "__Host-admin-pocket-cart")).toBeUndefined();
    expect(await take(setUp({ keys: [KEY] }, clock, store))).toBeUndefined();
    expect(await take(setUp({ keys: [KEY, OLD] }, clock, store))).toEqual(["a"]);
    expect(manager.notBefore).toBeUndefined();
  });

  it("a cookie that is not valid is no value, and take clears it", async () => {
    const { pocket } = setUp();
    for (const junk of ["x", "A".repeat(100), '"', "__proto__", "=;", "é"]) {
      const browser = new Browser();
      browser.jar.set(`${NAME}-cart`, junk);
      expect(await browser.visit((request) => pocket.peek(request, "cart"))).toBeUndefined();
      expect(browser.jar.size).toBe(1);
      expect(await browser.visit((request) => pocket.take(request, "cart"))).toBeUndefined();
      expect(browser.jar.size).toBe(0);
    }
  });

  it("a value that a new release no longer accepts is no value", async () => {
    const { sessions, pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "cart", ["a"]));
    const next = createPocket(sessions, { values: { cart: { schema: z.array(z.number()) } } });
    const others = [
      (): never => {
        throw new Error("down");
      },
      (value: unknown) => ({ value, issues: [] }),
    ].map((validate) => {
      const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
      return createPocket(sessions, { values: { cart: { schema } } });
    });
    for (const other of [next, ...others])
      expect(await browser.visit((request) => other.peek(request, "cart"))).toBeUndefined();
    expect(await browser.visit((request) => pocket.peek(request, "cart"))).toEqual(["a"]);
  });

  it("put rejects a value that the schema rejects, and names its place but not the value", async () => {
    const { sessions } = setUp();
    const schema = z.object({ email: z.email(), tags: z.array(z.enum(["a"])) });
    const { put } = createPocket(sessions, { values: { form: { schema } } });
    const request = new Browser().request();
    const wrong = { email: "secret-text", tags: ["secret-tag" as "a"] };
    const error = await put(request, "form", wrong).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "ERR_META_INVALID",
      status: 422,
      message: 'The value "form" is invalid: the schema rejects it at email, tags.',
    });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("secret-");
    expect(request.cookies).toEqual([]);
  });

  it.each<[what: string, value: unknown]>([
    ["undefined", undefined],
    ["a Date", new Date()],
    ["a Map", new Map()],
    ["NaN", { a: Number.NaN }],
    ["a bigint", 1n],
    ["a function", () => 1],
  ])("put rejects %s, which JSON cannot represent", async (_what, value) => {
    const { sessions } = setUp();
    const { put } = createPocket(sessions, { values: { any: { schema: typed<string>() } } });
    await expect(put(new Browser().request(), "any", value as never)).rejects.toMatchObject({
      code: "ERR_META_INVALID",
      message: 'The value "any" is invalid: it must be plain JSON, nested at most 64 levels.',
    });
  });

  it("put rejects a value whose output the schema does not accept again", async () => {
    const { sessions } = setUp();
    const schema = z.string().transform(Number);
    const { put } = createPocket(sessions, { values: { count: { schema } } });
    await expect(put(new Browser().request(), "count", "1")).rejects.toThrow(
      "the schema does not accept its own output",
    );
  });

  it("put rejects a cookie of more than 3 072 bytes, and keeps the earlier value", async () => {
    const { sessions } = setUp();
    const pocket = createPocket(sessions, { values: { text: { schema: typed<string>() } } });
    const size = async (length: number) => {
      const request = new Browser().request();
      await pocket.put(request, "text", "x".repeat(length));
      const [cookie] = request.cookies;
      // The attributes, as every adapter writes them.
      const rest =
        "; Path=/; Expires=Thu, 01 Jan 2026 12:10:00 GMT; Max-Age=600; HttpOnly; Secure; SameSite=Lax";
      return `${cookie?.name}=${cookie?.value}${rest}`.length;
    };
    let length = 1_900;
    while (length < 3_000 && (await size(length).catch(() => undefined)) !== undefined) length++;
    expect(length).toBeGreaterThan(1_950);
    expect(await size(length - 20)).toBeLessThanOrEqual(3_072);
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "text", "small"));
    await expect(
      browser.visit((request) => pocket.put(request, "text", "x".repeat(2_300))),
    ).rejects.toMatchObject({
      code: "ERR_META_INVALID",
      message: 'The value "text" is invalid: its cookie exceeds 3 kB.',
    });
    expect(await browser.visit((request) => pocket.peek(request, "text"))).toBe("small");
  });

  it("after the headers were sent, put and take throw and change nothing", async () => {
    const { pocket, store } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "cart", ["a"]));
    const request = browser.request();
    request.sent = true;
    const tooLate = expect.objectContaining({ code: "ERR_HEADERS_SENT" });
    await expect(pocket.put(request, "cart", ["b"])).rejects.toEqual(tooLate);
    await expect(pocket.take(request, "cart", { once: true })).rejects.toEqual(tooLate);
    expect(await pocket.take(request, "oauth")).toBeUndefined();
    expect(await pocket.peek(request, "cart")).toEqual(["a"]);
    expect([request.cookies, store.calls]).toEqual([[], []]);
  });

  it("put rejects an unsafe request of another origin's page, and take accepts it", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    browser.headers = { "sec-fetch-site": "cross-site" };
    await expect(browser.visit((request) => pocket.put(request, "cart", ["a"]))).rejects.toMatchObject({
      code: "ERR_CROSS_ORIGIN",
    });
    await browser.visit((request) => pocket.put(request, "cart", ["a"]), "GET");
    expect(await browser.visit((request) => pocket.take(request, "oauth"))).toEqual(LOGIN);
  });
});

describe("values with a key", () => {
  it("logins in two tabs do not overwrite each other", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    for (const key of ["one", "two"])
      await browser.visit((request) => pocket.put(request, "oauth", { verifier: key }, { key }));
    for (const key of ["one", "two"])
      expect(await browser.visit((request) => pocket.take(request, "oauth", { key }))).toEqual({
        verifier: key,
      });
    expect(browser.jar.size).toBe(0);
  });

  it("only the key finds the value, and another one takes nothing away", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN, { key: "state" }));
    const keys = [
      "State",
      "state ",
      "",
      undefined,
      null,
      1,
      ["state"],
      { toString: () => "state" },
      "s".repeat(2_000),
    ];
    for (const key of keys)
      expect(await browser.visit((request) => pocket.take(request, "oauth", { key }))).toBeUndefined();
    expect(await browser.visit((request) => pocket.take(request, "oauth"))).toBeUndefined();
    expect(await browser.visit((request) => pocket.peek(request, "oauth", { key: "state" }))).toEqual(LOGIN);
  });

  it("a missing key never means the value without a key", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    const missing = { key: undefined };
    expect(await browser.visit((request) => pocket.take(request, "oauth", missing))).toBeUndefined();
    await expect(
      browser.visit((request) => pocket.put(request, "oauth", LOGIN, missing as object)),
    ).rejects.toThrow("put.key must be a string of 1 to 1024 characters. Received undefined.");
    expect(await browser.visit((request) => pocket.take(request, "oauth"))).toEqual(LOGIN);
  });

  it.each<[key: unknown, what: string]>([
    ["", "an empty text"],
    ["k".repeat(1_025), "a long text"],
    ["\ud800", "half of a character"],
    [1, "a number"],
  ])("put rejects the key %j (%s)", async (key, _what) => {
    const { pocket } = setUp();
    const request = new Browser().request();
    await expect(pocket.put(request, "oauth", LOGIN, { key } as object)).rejects.toThrow("put.key must be");
  });

  it("the cookie of one key is not valid for another key", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    for (const key of ["one", "two"])
      await browser.visit((request) => pocket.put(request, "oauth", { verifier: key }, { key }));
    const [first, second] = [...browser.jar.keys()] as [string, string];
    browser.jar.set(second, browser.jar.get(first) as string);
    expect(await browser.visit((request) => pocket.peek(request, "oauth", { key: "two" }))).toBeUndefined();
  });

  it("the values of one name take at most 3 kB together: those that expire first give way", async () => {
    const { clock, pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    browser.jar.set(`${NAME}-oauth-${"0".repeat(32)}`, "junk");
    browser.jar.set(`${NAME}-oauth-other`, "x".repeat(3_000));
    const value = { verifier: "v".repeat(400) };
    const found: boolean[] = [];
    for (let tab = 1; tab <= 6; tab++) {
      clock.advance("1s");
      await browser.visit((request) => pocket.put(request, "oauth", value, { key: `tab ${tab}` }));
      const keyed = [...browser.jar].filter(([name]) => /-oauth-[0-9a-f]{32}$/.test(name));
      expect(keyed.reduce((sum, [name, text]) => sum + name.length + text.length, 0)).toBeLessThanOrEqual(
        3_072,
      );
    }
    expect(browser.jar.has(`${NAME}-oauth-${"0".repeat(32)}`)).toBe(false);
    expect(browser.jar.has(`${NAME}-oauth-other`)).toBe(true);
    for (let tab = 1; tab <= 6; tab++) {
      const key = `tab ${tab}`;
      found.push((await browser.visit((request) => pocket.peek(request, "oauth", { key }))) !== undefined);
    }
    expect(found).toEqual([false, false, true, true, true, true]);
    expect(await browser.visit((request) => pocket.peek(request, "oauth"))).toEqual(LOGIN);
  });
});

describe("take with once", () => {
  it("a copy of the cookie gives the value to one caller, in whichever process", async () => {
    const first = setUp();
    const second = setUp({}, first.clock, first.store);
    const browser = new Browser();
    await browser.visit((request) => first.pocket.put(request, "oauth", LOGIN));
    const takes = [first, second, first, second].map(({ pocket }) =>
      copy(browser).visit((request) => pocket.take(request, "oauth", { once: true })),
    );
    const taken = (await Promise.all(takes)).filter((value) => value !== undefined);
    expect(taken).toEqual([LOGIN]);
    expect(first.store.calls).toEqual(["create", "create", "create", "create"]);
  });

  it("without once, a copy of the cookie gives the value again until it expires", async () => {
    const { clock, pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    const other = copy(browser);
    await browser.visit((request) => pocket.take(request, "oauth"));
    expect(await copy(other).visit((request) => pocket.take(request, "oauth"))).toEqual(LOGIN);
    clock.advance("10m");
    expect(await other.visit((request) => pocket.take(request, "oauth"))).toBeUndefined();
  });

  it("each put can be taken once, with the same value too", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    for (let round = 0; round < 3; round++) {
      await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
      expect(await browser.visit((request) => pocket.take(request, "oauth", { once: true }))).toEqual(LOGIN);
    }
  });

  it("when the store fails, take throws ERR_STORE and the value stays", async () => {
    const { pocket, store } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "oauth", LOGIN));
    store.fail("create");
    await expect(
      browser.visit((request) => pocket.take(request, "oauth", { once: true })),
    ).rejects.toMatchObject({ code: "ERR_STORE", status: 503 });
    expect(await browser.visit((request) => pocket.take(request, "oauth", { once: true }))).toEqual(LOGIN);
  });
});

describe("init with values of the pocket", () => {
  const move = { from: ["cart"], meta: ({ cart = [] }: { cart?: string[] }) => ({ cart }) } as const;

  it("the values are in the session from its first moment, and no longer in the browser", async () => {
    const { pocket, sessions, store } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "cart", ["a", "b"]));
    const session = await browser.visit((request) => pocket.init(request, "ann", { ...move, level: 2 }));
    expect(session).toMatchObject({ userKey: "ann", meta: { cart: ["a", "b"] } });
    expect(store.calls).toEqual(["create"]);
    expect([...browser.jar.keys()]).toEqual(["__Host-sessionup"]);
    expect(await browser.visit(sessions.get)).toMatchObject({ meta: { cart: ["a", "b"] } });
  });

  it("without a value, meta is called without it", async () => {
    const { pocket } = setUp();
    const session = await new Browser().visit((request) => pocket.init(request, "ann", move));
    expect(session.meta).toEqual({ cart: [] });
  });

  it("if the login fails, the values stay", async () => {
    const { pocket, store } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "cart", ["a"]));
    store.fail("create");
    await expect(browser.visit((request) => pocket.init(request, "ann", move))).rejects.toMatchObject({
      code: "ERR_STORE",
    });
    const throwing = { ...move, meta: () => Promise.reject(new Error("stop")) };
    await expect(browser.visit((request) => pocket.init(request, "ann", throwing))).rejects.toThrow("stop");
    expect(await browser.visit((request) => pocket.peek(request, "cart"))).toEqual(["a"]);
  });

  it("a login that a form of another site ends needs crossOrigin, and otherwise the values stay", async () => {
    const { pocket } = setUp();
    const browser = new Browser();
    await browser.visit((request) => pocket.put(request, "cart", ["a"]));
    browser.headers = { "sec-fetch-site": "cross-site", origin: "https://id.example.com" };
    await expect(browser.visit((request) => pocket.init(request, "ann", move))).rejects.toMatchObject({
      code: "ERR_CROSS_ORIGIN",
    });
    const session = await browser.visit((request) =>
      pocket.init(request, "ann", { ...move, crossOrigin: "allow" }),
    );
    expect(session.meta).toEqual({ cart: ["a"] });
  });

  it("invalid options are reported before any work", async () => {
    const { pocket, store } = setUp();
    const init = (options: object) =>
      new Browser().visit((request) => pocket.init(request, "ann", options as typeof move));
    await expect(init({ ...move, from: ["basket"] })).rejects.toThrow(TypeError);
    await expect(init({ from: ["cart"] })).rejects.toThrow("init.meta must be a function.");
    await expect(init({ ...move, expiresIn: "soon" })).rejects.toThrow("init.expiresIn must be a duration");
    expect(store.calls).toEqual([]);
  });
});

describe("formToken and verifyFormToken", () => {
  it("a token of this browser is accepted repeatedly, and one of another browser never", async () => {
    const { pocket, manager, store } = setUp();
    const rejected: SessionEvents["rejected"][] = [];
    manager.events.on("rejected", (event) => rejected.push(event));
    const [ann, eve] = [new Browser(), new Browser()];
    const first = await ann.visit((request) => pocket.formToken(request), "GET");
    const second = await ann.visit((request) => pocket.formToken(request), "GET");
    const foreign = await eve.visit((request) => pocket.formToken(request), "GET");
    expect(new Set([first, second, foreign]).size).toBe(3);
    for (const token of [first, second, first])
      await ann.visit((request) => pocket.verifyFormToken(request, token));
    for (const wrong of [foreign, undefined, "", [first], `${first}0`])
      await expect(
        ann.visit(async (request) => pocket.verifyFormToken(request, wrong)),
      ).rejects.toMatchObject({ code: "ERR_CROSS_ORIGIN", status: 403 });
    expect(rejected.map(({ reason }) => reason)).toEqual(Array(5).fill("cross_origin"));
    await expect(
      new Browser().visit(async (request) => pocket.verifyFormToken(request, first)),
    ).rejects.toThrow("The form has no token of this browser.");
    expect(store.calls).toEqual([]);
  });

  it("formToken sets no cookie for an unsafe request of another origin's page", async () => {
    const { pocket } = setUp();
    const browser = new Browser({ "sec-fetch-site": "cross-site" });
    await expect(browser.visit(async (request) => pocket.formToken(request))).rejects.toMatchObject({
      code: "ERR_CROSS_ORIGIN",
    });
    expect(browser.jar.size).toBe(0);
  });

  it("a token is valid for 12 hours after the browser has last received one", async () => {
    const { clock, pocket } = setUp();
    const browser = new Browser();
    const token = await browser.visit((request) => pocket.formToken(request), "GET");
    clock.advance("11h");
    await browser.visit((request) => pocket.formToken(request), "GET");
    clock.advance("11h");
    await browser.visit((request) => pocket.verifyFormToken(request, token));
    clock.advance("1h");
    await expect(browser.visit(async (request) => pocket.verifyFormToken(request, token))).rejects.toThrow(
      "no token of this browser",
    );
  });
});

describe("createPocket", () => {
  it("the methods of bound sessions take no context, and read no session", async () => {
    const { sessions, store } = setUp();
    const browser = new Browser();
    let current = browser.request();
    const pocket = createPocket(
      bindSessions(sessions, async () => current),
      { values },
    );
    await pocket.put("cart", ["a"]);
    expect(await pocket.peek("cart")).toEqual(["a"]);
    const token = await pocket.formToken();
    browser.receive(current);
    current = browser.request();
    await pocket.verifyFormToken(token);
    expect(await pocket.take("cart")).toEqual(["a"]);
    expect(store.calls).toEqual([]);
    await pocket.put("cart", ["b"]);
    const session = await pocket.init("ann", { from: ["cart"], meta: ({ cart = [] }) => ({ cart }) });
    expect(session.meta).toEqual({ cart: ["b"] });
  });

  it("a name that is not declared is a TypeError", async () => {
    const { pocket } = setUp();
    const request = new Browser().request();
    for (const name of ["basket", "constructor", "__proto__", ""]) {
      for (const call of [pocket.take, pocket.peek, pocket.put] as const)
        await expect((call as (...args: unknown[]) => Promise<unknown>)(request, name, [])).rejects.toThrow(
          "The pocket has no such value. Its values are oauth, cart.",
        );
    }
  });

  it.each<[message: string, options: object]>([
    ["createPocket.values must be an object of declarations", {}],
    ["createPocket.values: a name must be 1 to 32 letters and digits.", { values: { "a-b": values.cart } }],
    ["createPocket.values.cart.schema must be a Standard Schema", { values: { cart: {} } }],
    ["createPocket.values.cart.ttl must be at most", { values: { cart: { ...values.cart, ttl: "401d" } } }],
    [
      '"tll" is not an option of createPocket.values.cart.',
      { values: { cart: { ...values.cart, tll: "1m" } } },
    ],
    [
      'createPocket.values.cart.sameSite must be "strict", "lax" or "none".',
      { values: { cart: { ...values.cart, sameSite: "Lax" } } },
    ],
    ['"value" is not an option of createPocket.', { value: values }],
  ])("throws: %s", (message, options) => {
    expect(() => createPocket(setUp().sessions, options as { values: typeof values })).toThrow(message);
  });

  it("requires the option keys, and the sessions of an adapter", () => {
    const manager = new Manager(new GatedStore());
    expect(() => createPocket(testSessions(manager), { values })).toThrow(
      "createPocket requires the option keys.",
    );
    expect(() => createPocket(manager as never, { values })).toThrow(
      "sessions must be the result of an adapter",
    );
  });

  it("the options of put, take and peek are checked", async () => {
    const { pocket } = setUp();
    const request = new Browser().request();
    await expect(pocket.put(request, "cart", [], { tll: "1m" } as object)).rejects.toThrow(TypeError);
    await expect(pocket.take(request, "cart", { once: "yes" as never })).rejects.toThrow("take.once");
    await expect(pocket.peek(request, "cart", { once: true } as object)).rejects.toThrow(
      "not an option of peek",
    );
  });

  it("a printed pocket and a printed request show no key and no value", async () => {
    const { pocket, sessions, manager } = setUp();
    const request = new Browser().request();
    await pocket.put(request, "oauth", { verifier: "very-secret" });
    const printed = inspect([pocket, sessions, manager, request], { depth: 20, showHidden: true });
    expect(printed).not.toContain("very-secret");
    expect(printed).not.toContain(KEY);
  });
});
