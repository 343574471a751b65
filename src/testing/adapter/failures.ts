import assert from "node:assert/strict";
import { test } from "../contract.ts";
import type { AdapterTests } from "./fixture.ts";

/** Tests of a store that does not response, and of handlers that throw undefined. */
export const failureTests: AdapterTests = [
  test(
    "store-outage/auth",
    "auth rejects with 503 and Retry-After during a store outage and keeps the session",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.down = true;
      const response = await client.get("/private");
      assert.deepEqual(
        [response.status, response.json(), response.cookies],
        [503, { error: "unavailable" }, []],
      );
      assert.match(response.headers.get("retry-after") ?? "", /^[1-9][0-9]*$/);
      f.store.down = false;
      assert.deepEqual((await client.get("/private")).json(), { user: "ann" });
    },
  ),
  test(
    "store-outage/public",
    "public accepts requests during a store outage, and methods that need the session throw ERR_STORE",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.down = true;
      const { current, ...others } = (await client.get("/methods")).json() as Record<string, unknown>;
      assert.equal(current, null);
      for (const [method, outcome] of Object.entries(others)) assert.equal(outcome, "ERR_STORE", method);
      assert.equal(Object.keys(others).length, 11);
    },
  ),
  test("store-outage/revoke", "revoke fails during a store outage and keeps the cookie", async (f) => {
    const client = f.client();
    await client.post("/login");
    f.store.down = true;
    const response = await client.post("/logout");
    assert.deepEqual([response.status, response.cookies], [503, []]);
    f.store.down = false;
    assert.equal((await client.get("/private")).status, 200);
  }),
  test(
    "thrown-undefined/reject",
    "a reject that throws undefined causes an error response, and the handler does not run",
    async (f) => {
      const response = await f.client().get("/reject-throws");
      assert.ok(response.status >= 500, String(response.status));
      assert.ok(!response.text.includes("the handler ran"), response.text);
    },
  ),
  test("thrown-undefined/handler", "a handler that throws undefined causes an error response", async (f) => {
    const { status } = await f.client().get("/handler-throws");
    assert.ok(status >= 500, String(status));
  }),
];
