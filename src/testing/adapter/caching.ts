import assert from "node:assert/strict";
import { test } from "../contract.ts";
import type { AdapterFixture, AdapterTests } from "./fixture.ts";

/** Tests of Cache-Control on responses that are for one user. */
export const cachingTests: AdapterTests = [
  test(
    "caching/cookie-json",
    "a JSON response that sets the session cookie is no-store although the handler allows caching",
    (f) => staysPrivate(f, "json", 200),
  ),
  test(
    "caching/cookie-redirect",
    "a redirect that sets the session cookie is no-store although the handler allows caching",
    (f) => staysPrivate(f, "redirect", 303),
  ),
  test(
    "caching/cookie-stream",
    "a stream that sets the session cookie is no-store although the handler allows caching",
    (f) => staysPrivate(f, "stream", 200),
  ),
  test(
    "caching/cookie-error",
    "an error response that sets the session cookie is no-store although the handler allows caching",
    (f) => staysPrivate(f, "error", 500),
  ),
  test(
    "caching/cookie-cleared",
    "a response on which public clears the cookie is no-store although the handler allows caching",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      f.clock.advance("24h");
      const response = await client.get("/public-cached");
      assert.deepEqual([response.status, response.cookies.length, client.jar.size], [200, 1, 0]);
      assert.equal(response.headers.get("cache-control"), "no-store");
    },
  ),
  test(
    "caching/no-cookie",
    "a response without a session cookie keeps the handler's Cache-Control",
    async (f) => {
      const response = await f.client().get("/public-cached");
      assert.deepEqual(response.cookies, []);
      assert.equal(response.headers.get("cache-control"), "public, max-age=3600");
    },
  ),
  test(
    "caching/auth",
    "a response behind auth is private when the handler sets no Cache-Control",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      for (const reply of ["json", "redirect", "stream"]) {
        const response = await client.get(`/private-${reply}`);
        assert.deepEqual([response.headers.get("cache-control"), response.cookies], ["private", []], reply);
      }
    },
  ),
  test("caching/auth-error", "an error response behind auth is private", async (f) => {
    const client = f.client();
    await client.post("/login");
    const response = await client.get("/private-error");
    assert.deepEqual([response.status, response.headers.get("cache-control")], [500, "private"]);
  }),
  test("caching/auth-handler", "a response behind auth keeps the handler's Cache-Control", async (f) => {
    const client = f.client();
    await client.post("/login");
    const response = await client.get("/private-cached");
    assert.deepEqual([response.status, response.headers.get("cache-control")], [200, "public, max-age=3600"]);
  }),
  test("caching/auth-cookie", "a response on which auth sets a cookie is no-store", async (f) => {
    const client = f.client();
    await client.post("/admin/login");
    const former = { cookie: `__Host-old-admin=${client.jar.get("__Host-admin")}` };
    const response = await f.client().get("/admin/both", former);
    assert.deepEqual([response.status, response.headers.get("cache-control")], [200, "no-store"]);
  }),
];

async function staysPrivate(f: AdapterFixture, reply: string, status: number): Promise<void> {
  const client = f.client();
  const response = await client.post(`/login-cached-${reply}`);
  assert.deepEqual([response.status, response.headers.get("cache-control")], [status, "no-store"]);
  assert.equal((await client.get("/private")).status, 200);
}
