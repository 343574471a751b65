import { type BoundSessions, Manager, type Sessions, typed } from "sessionup";
import { createFlash, createPocket } from "sessionup/pocket";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { GatedStore } from "../../support/gated-store.ts";

/** The metadata of the app's sessions. */
interface Meta {
  readonly cart: readonly string[];
}

/** Answers one path of the app, with a value that the framework sends as JSON. */
type Answer<Context> = (context: Context, path: string) => Promise<unknown>;

/** Starts an app that answers every request with `answer`, in its framework's way. */
export type StartPocketApp = (
  manager: Manager<Meta>,
) => Promise<{ readonly origin: string; close(): Promise<void> }>;

const VALUES = { cart: { schema: typed<readonly string[]>(), ttl: "1d" } } as const;
const move = { from: ["cart"], meta: ({ cart = [] }: Partial<Meta>) => ({ cart }) } as const;

/** Creates the answers over an adapter's sessions. */
export function answering<Context>(sessions: Sessions<Context, Meta>): Answer<Context> {
  const pocket = createPocket(sessions, { values: VALUES });
  const flash = createFlash(sessions);
  const answers: Readonly<Record<string, (context: Context) => unknown>> = {
    "/put": (context) => pocket.put(context, "cart", ["a", "b"]),
    "/peek": (context) => pocket.peek(context, "cart"),
    "/take": (context) => pocket.take(context, "cart", { once: true }),
    "/login": (context) => pocket.init(context, "ann", move),
    "/say": (context) => flash.add(context, "info", "Saved"),
    "/hear": (context) => flash.take(context),
    "/token": (context) => pocket.formToken(context),
    async "/fail"(context) {
      await pocket.put(context, "cart", ["kept"]);
      throw new Error("The handler failed.");
    },
    async "/both"(context) {
      await pocket.put(context, "cart", ["c"]);
      flash.add(context, "info", "Put");
      return [await pocket.peek(context, "cart"), flash.take(context, "other")];
    },
  };
  return async (context, path) => (await answers[path]?.(context)) ?? "nothing";
}

/** Creates the answers over bound sessions. */
export function answeringBound(sessions: BoundSessions<Meta>): (path: string) => Promise<unknown> {
  const pocket = createPocket(sessions, { values: VALUES });
  const flash = createFlash(sessions);
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    "/put": () => pocket.put("cart", ["a", "b"]),
    "/peek": () => pocket.peek("cart"),
    "/take": () => pocket.take("cart", { once: true }),
    "/login": () => pocket.init("ann", move),
    "/say": () => flash.add("info", "Saved"),
    "/hear": () => flash.take(),
    "/token": () => pocket.formToken(),
    async "/both"() {
      await pocket.put("cart", ["c"]);
      await flash.add("info", "Put");
      return [await pocket.peek("cart"), await flash.take("other")];
    },
  };
  return async (path) => (await answers[path]?.()) ?? "nothing";
}

/** Runs the tests of a pocket on a real server. */
export function pocketSuite(start: StartPocketApp, { keepsCookieOfFailure = true } = {}): void {
  const store = new GatedStore();
  const manager = new Manager(store, { keys: ["k".repeat(32)], meta: typed<Meta>() });
  let running: Awaited<ReturnType<StartPocketApp>>;
  beforeAll(async () => {
    running = await start(manager);
  }, 600_000);
  afterAll(async () => {
    await running?.close();
    await manager.close();
  });
  const open = () => {
    store.calls.length = 0;
    return new ContractClient(running.origin);
  };

  it("the browser keeps a value, and no cache and no store does", async () => {
    const client = open();
    const put = await client.post("/put");
    expect(put.headers.get("cache-control")).toBe("no-store");
    expect(put.cookies).toEqual([
      expect.stringMatching(
        /^__Host-sessionup-pocket-cart=[0-9A-Za-z]+; (?=.*Path=\/)(?=.*Max-Age=86400)(?=.*HttpOnly)(?=.*Secure)(?=.*SameSite=lax)/i,
      ),
    ]);
    const peek = await client.get("/peek");
    expect([peek.json(), peek.cookies, store.calls]).toEqual([["a", "b"], [], []]);
  });

  it("a value is taken once", async () => {
    const client = open();
    await client.post("/put");
    const copy = new ContractClient(running.origin);
    for (const [name, value] of client.jar) copy.jar.set(name, value);
    expect((await client.post("/take")).json()).toEqual(["a", "b"]);
    expect(client.jar.size).toBe(0);
    expect((await copy.post("/take")).json()).toBe("nothing");
    expect(store.calls).toEqual(["create", "create"]);
  });

  it("a client without a value gets no cookie", async () => {
    const client = open();
    for (const path of ["/peek", "/take", "/hear"]) expect((await client.get(path)).cookies).toEqual([]);
    expect(store.calls).toEqual([]);
  });

  it("a login moves the value into the session, in one write", async () => {
    const client = open();
    await client.post("/put");
    const session = (await client.post("/login")).json();
    expect(session).toMatchObject({ meta: { cart: ["a", "b"] } });
    expect([...client.jar.keys()]).toEqual(["__Host-sessionup"]);
    expect(store.calls).toEqual(["create"]);
  });

  it("the next page shows a message once", async () => {
    const client = open();
    await client.post("/say");
    expect((await client.get("/hear")).json()).toEqual({ info: ["Saved"] });
    expect((await client.get("/hear")).json()).toEqual({});
  });

  it("one response sets several values, and its request sees them", async () => {
    const client = open();
    expect((await client.post("/both")).json()).toEqual([["c"], []]);
    expect([...client.jar.keys()].sort()).toEqual(["__Host-sessionup-flash", "__Host-sessionup-pocket-cart"]);
  });

  it("a form token sets the cookie that it belongs to", async () => {
    const client = open();
    expect((await client.get("/token")).json()).toMatch(/^[0-9A-Za-z]{22}\.[0-9a-f]{64}$/);
    expect([...client.jar.keys()]).toEqual(["__Host-sessionup-form"]);
  });

  if (!keepsCookieOfFailure) return;
  it("a value stays when the handler fails afterwards", async () => {
    const client = open();
    expect((await client.post("/fail")).status).toBe(500);
    expect((await client.get("/peek")).json()).toEqual(["kept"]);
  });
}
