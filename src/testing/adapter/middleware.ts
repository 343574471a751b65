import assert from "node:assert/strict";
import type { SessionJson } from "../../session.ts";
import { test } from "../contract.ts";
import { parseSetCookie, pipelined } from "./client.ts";
import type { AdapterFixture, AdapterTests } from "./fixture.ts";

const NAME = "__Host-sessionup";

/** Tests of public and auth. */
export const middlewareTests: AdapterTests = [
  test(
    "middleware/public-no-cookie",
    "public accepts a request without a cookie, sets no cookie and reads no store",
    async (f) => {
      const response = await f.client().get("/public");
      assert.deepEqual(
        [response.status, response.json(), response.cookies, f.store.calls],
        [200, { user: null }, [], 0],
      );
    },
  ),
  test(
    "middleware/auth-no-cookie",
    "auth rejects a request without a cookie with 401 and reason no_cookie, as JSON",
    async (f) => {
      const response = await f.client().get("/private");
      assert.deepEqual(
        [response.status, response.json(), response.cookies],
        [401, { error: "unauthorized", reason: "no_cookie" }, []],
      );
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    },
  ),
  test(
    "middleware/invalid-token",
    "auth rejects a malformed and an unknown token and clears neither cookie",
    async (f) => {
      for (const [value, reason] of [
        ["x", "malformed"],
        [`${"a".repeat(22)}.${"b".repeat(65)}`, "unknown"],
      ]) {
        const response = await f.client().get("/private", { cookie: `${NAME}=${value}` });
        assert.deepEqual(
          [response.status, response.json(), response.cookies],
          [401, { error: "unauthorized", reason }, []],
        );
        assert.deepEqual((await f.client().get("/public", { cookie: `${NAME}=${value}` })).json(), {
          user: null,
        });
      }
    },
  ),
  test(
    "middleware/expired",
    "auth rejects an expired session and clears its cookie with the attributes that it was set with",
    async (f) => {
      const client = f.client();
      const set = parseSetCookie((await client.post("/login")).cookies[0] ?? "");
      f.clock.advance("24h");
      const response = await client.get("/private");
      assert.deepEqual(
        [response.status, response.json()],
        [401, { error: "unauthorized", reason: "expired" }],
      );
      const { name, value, attributes } = parseSetCookie(response.cookies[0] ?? "");
      assert.deepEqual([response.cookies.length, name, value], [1, NAME, ""]);
      assert.deepEqual(
        [attributes.get("max-age"), attributes.get("expires")],
        ["0", new Date(0).toUTCString()],
      );
      for (const [key, text] of set.attributes) assert.equal(attributes.get(key), text);
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(client.jar.size, 0);
    },
  ),
  test("middleware/two-users", "auth rejects a request with sessions of two users", async (f) => {
    const [ann, bob] = [f.client(), f.client()];
    await ann.post("/login?user=ann");
    await bob.post("/login?user=bob");
    const cookie = `${ann.cookieHeader()}; ${bob.cookieHeader()}`;
    assert.equal((await f.client().get("/private", { cookie })).status, 401);
    assert.equal((await ann.get("/private")).status, 200);
  }),
  test("middleware/other-cookies", "auth finds the session cookie among other cookies", async (f) => {
    const client = f.client();
    await client.post("/login");
    const cookie = `a=1; x${NAME}=no;${client.cookieHeader()}; b="${NAME}=no"; c`;
    assert.equal((await f.client().get("/private", { cookie })).status, 200);
  }),
  test("middleware/head", "auth treats a HEAD request like a GET request", async (f) => {
    const client = f.client();
    assert.equal((await client.send("HEAD", "/private")).status, 401);
    await client.post("/login");
    const response = await client.send("HEAD", "/private");
    assert.deepEqual([response.status, response.text], [200, ""]);
  }),
  test(
    "middleware/options",
    "an OPTIONS request sets no cookie, ends no session and does not fail",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      for (const path of ["/private", "/public", "/account/session"]) {
        const response = await client.send("OPTIONS", path);
        assert.ok(response.status < 500, `${path} returned ${response.status}`);
        assert.deepEqual(response.cookies, []);
      }
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test(
    "middleware/pipelined",
    "pipelined requests on one connection each get their own session",
    async (f) => {
      const clients = ["ann", "bob", "cid", "dan"].map((user) => ({ user, client: f.client() }));
      for (const { user, client } of clients) await client.post(`/login?user=${user}`);
      const bodies = await pipelined(
        f.origin,
        "/private",
        clients.map(({ client }) => client.cookieHeader()),
      );
      for (const [index, { user }] of clients.entries())
        assert.ok(bodies[index]?.includes(`{"user":"${user}"}`), bodies[index]);
    },
  ),
  test("middleware/concurrent", "20 concurrent requests each get their own session", async (f) => {
    const clients = Array.from({ length: 20 }, (_, index) => ({
      user: `user-${index}`,
      client: f.client(),
    }));
    await Promise.all(clients.map(({ user, client }) => client.post(`/login?user=${user}`)));
    const responses = await Promise.all(clients.map(({ client }) => client.get("/private")));
    assert.deepEqual(
      responses.map((response) => response.json()),
      clients.map(({ user }) => ({ user })),
    );
  }),
  test(
    "middleware/store-calls",
    "a request reads the store once and writes at most once a minute",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.calls = 0;
      assert.deepEqual((await client.get("/get-thrice")).json(), ["ann", "ann", "ann"]);
      assert.equal(f.store.calls, 1);
      f.clock.advance("1m");
      await client.get("/private");
      assert.equal(f.store.calls, 3);
      await client.get("/private");
      assert.equal(f.store.calls, 4);
    },
  ),
  test(
    "middleware/touch-false",
    "auth and public with touch: false record no activity [asvs 7.3.1]",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      f.clock.advance("10m");
      for (const path of ["/private/polled", "/public/polled"]) {
        f.store.calls = 0;
        const { session } = (await client.get(path)).json() as { session: SessionJson };
        assert.deepEqual([session.lastSeenAt, f.store.calls], [session.createdAt, 1], path);
      }
      assert.equal((await f.client().get("/private/polled")).status, 401);
      assert.deepEqual((await f.client().get("/public/polled")).json(), { session: null });
    },
  ),
  test(
    "middleware/step-up",
    "auth with maxAuthAge and level rejects a session with a challenge for the required authentication [asvs 7.5.3]",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      const rejection = {
        error: "unauthorized",
        reason: "stale_authentication",
        max_age: 600,
        acr_values: "2",
      };
      const assertRejected = async () => {
        const response = await client.get("/fresh");
        assert.deepEqual([response.status, response.json(), response.cookies], [401, rejection, []]);
        // RFC 9470 section 3.
        assert.equal(
          response.headers.get("www-authenticate"),
          'Session error="insufficient_user_authentication", ' +
            'error_description="The user must re-authenticate.", max_age="600", acr_values="2"',
        );
      };
      await assertRejected();
      await client.post("/reauthenticate");
      await assertRejected();
      await client.post("/reauthenticate?level=2");
      assert.deepEqual((await client.get("/fresh")).json(), { level: 2 });
      f.clock.advance("10m");
      assert.equal((await client.get("/fresh")).status, 200);
      f.clock.advance("1s");
      await assertRejected();
      await client.post("/reauthenticate?level=3&expiresIn=5m");
      assert.deepEqual((await client.get("/fresh")).json(), { level: 3 });
      f.clock.advance("5m");
      await assertRejected();
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test(
    "middleware/answer-at-once",
    "a store that answers at once leads to the same responses as one that answers later",
    async (f) => {
      const later = await visitAll(f);
      f.store.answersAtOnce = true;
      assert.deepEqual(await visitAll(f), later);
    },
  ),
  test("middleware/two-managers", "two managers over one store reject each other's tokens", async (f) => {
    const client = f.client();
    await client.post("/login?user=ann");
    assert.equal((await client.get("/admin/both")).status, 401);
    await client.post("/admin/login?user=root");
    assert.deepEqual((await client.get("/admin/both")).json(), { admin: "root", user: "ann" });
    // Both sessions are in one store, but a token is valid only under its own cookie name.
    const cookie = `__Host-admin=${client.jar.get(NAME)}`;
    assert.equal((await f.client().get("/admin/both", { cookie })).status, 401);
  }),
];

/** Sends one request of each kind. Returns the responses and the number of the store's calls. */
async function visitAll(f: AdapterFixture): Promise<readonly unknown[]> {
  const client = f.client();
  await client.post("/login");
  const seen: unknown[] = [];
  const visit = async (path: string, cookie?: string) => {
    f.store.calls = 0;
    const { status, text, cookies, headers } = await client.get(path, cookie === undefined ? {} : { cookie });
    seen.push([path, status, text, cookies, headers.get("cache-control"), f.store.calls]);
  };
  for (const path of ["/private", "/public", "/private-error"]) await visit(path);
  for (const path of ["/private", "/public"])
    await visit(path, `${NAME}=${"a".repeat(22)}.${"b".repeat(65)}`);
  f.clock.advance("1m");
  await visit("/private");
  f.store.down = true;
  for (const path of ["/private", "/public"]) await visit(path);
  f.store.down = false;
  f.clock.advance("24h");
  await visit("/private");
  return seen;
}
