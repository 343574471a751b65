import assert from "node:assert/strict";
import type { SessionJson } from "../../session.ts";
import { test } from "../contract.ts";
import { PIXEL, parseSetCookie } from "./client.ts";
import type { AdapterTests } from "./fixture.ts";

const NAME = "__Host-sessionup";

/** Tests of init, the login. */
export const initTests: AdapterTests = [
  test(
    "init/cookie-attributes",
    "init sets one cookie with every attribute, and Cache-Control: no-store",
    async (f) => {
      const { status, cookies, headers } = await f.client().post("/login");
      assert.equal(status, 200);
      assert.equal(cookies.length, 1);
      const { name, value, attributes } = parseSetCookie(cookies[0] ?? "");
      assert.equal(name, NAME);
      assert.match(value, /^[0-9A-Za-z]{22}\.[0-9A-Za-z]{65}$/);
      // "Strict" and "strict" are the same (RFC 6265bis section 5.6.7), and frameworks write either.
      const sameSite = attributes.get("samesite")?.toLowerCase();
      assert.deepEqual(
        { ...Object.fromEntries(attributes), samesite: sameSite },
        { path: "/", httponly: "", secure: "", samesite: "strict" },
      );
      assert.equal(headers.get("cache-control"), "no-store");
    },
  ),
  test("init/persistent-cookie", "init with expiresIn sets a cookie with the same lifetime", async (f) => {
    const { cookies } = await f.client().post("/login?expiresIn=30d");
    const { attributes } = parseSetCookie(cookies[0] ?? "");
    assert.equal(attributes.get("max-age"), String(30 * 86_400));
    assert.equal(attributes.get("expires"), new Date(f.clock.now() + 30 * 86_400_000).toUTCString());
  }),
  test("init/later-requests", "the cookie of init authenticates later requests", async (f) => {
    const client = f.client();
    await client.post("/login?user=bob");
    assert.deepEqual((await client.get("/private")).json(), { user: "bob" });
    assert.deepEqual((await client.get("/public")).json(), { user: "bob" });
  }),
  test("init/replaces-session", "init ends the session that the browser presents", async (f) => {
    const client = f.client();
    await client.post("/login?user=ann");
    const old = client.cookieHeader();
    await client.post("/login?user=bob");
    assert.equal((await f.client().get("/private", { cookie: old })).status, 401);
    assert.deepEqual((await client.get("/private")).json(), { user: "bob" });
    assert.equal((await f.manager.fetchByUserKey("ann")).length, 0);
  }),
  test("init/wrong-secret", "init ends no session when the presented secret is wrong", async (f) => {
    const victim = f.client();
    await victim.post("/login");
    const [id = ""] = victim.token().split(".");
    await f.client().post("/login?user=mallory", { cookie: `${NAME}=${id}.${"x".repeat(65)}` });
    assert.equal((await victim.get("/private")).status, 200);
  }),
  test(
    "init/twice",
    "init called twice in one request keeps only the second session and its cookie",
    async (f) => {
      const client = f.client();
      const response = await client.post("/login-twice");
      const [, second] = response.json() as string[];
      assert.equal(response.cookies.length, 1);
      assert.deepEqual(
        (await f.manager.fetchByUserKey("ann")).map(({ id }) => String(id)),
        [second],
      );
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test("init/client", "init records the browser, the operating system and the peer address", async (f) => {
    const client = f.client({ "user-agent": PIXEL, "x-forwarded-for": "203.0.113.9" });
    await client.post("/login");
    const [session] = (await client.get("/sessions")).json() as SessionJson[];
    assert.deepEqual(session?.agent, { browser: "Chrome", os: "Android" });
    assert.match(session?.ip ?? "", /^(127\.0\.0\.1|::1)$/);
  }),
];
