import assert from "node:assert/strict";
import { test } from "../contract.ts";
import type { AdapterTests } from "./fixture.ts";

/** Tests of a store that does not answer, and of handlers that throw undefined. */
export const failureTests: AdapterTests = [
  test(
    "store-outage/auth",
    "auth rejects with 503 and Retry-After during a store outage and keeps the session",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.down = true;
      const answer = await client.get("/private");
      assert.deepEqual([answer.status, answer.json(), answer.cookies], [503, { error: "unavailable" }, []]);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9][0-9]*$/);
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
      const { current, ...others } = (await client.get("/verbs")).json() as Record<string, unknown>;
      assert.equal(current, null);
      for (const [verb, outcome] of Object.entries(others)) assert.equal(outcome, "ERR_STORE", verb);
      assert.equal(Object.keys(others).length, 11);
    },
  ),
  test("store-outage/revoke", "revoke fails during a store outage and keeps the cookie", async (f) => {
    const client = f.client();
    await client.post("/login");
    f.store.down = true;
    const answer = await client.post("/logout");
    assert.deepEqual([answer.status, answer.cookies], [503, []]);
    f.store.down = false;
    assert.equal((await client.get("/private")).status, 200);
  }),
  test(
    "thrown-undefined/reject",
    "a reject that throws undefined causes an error response, and the handler does not run",
    async (f) => {
      const answer = await f.client().get("/reject-throws");
      assert.ok(answer.status >= 500, String(answer.status));
      assert.ok(!answer.text.includes("the handler ran"), answer.text);
    },
  ),
  test("thrown-undefined/handler", "a handler that throws undefined causes an error response", async (f) => {
    const { status } = await f.client().get("/handler-throws");
    assert.ok(status >= 500, String(status));
  }),
];
