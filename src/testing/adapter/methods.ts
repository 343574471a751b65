import assert from "node:assert/strict";
import type { SessionJson } from "../../session.ts";
import { test } from "../contract.ts";
import { PIXEL } from "./client.ts";
import type { AdapterTests } from "./fixture.ts";

/** Tests of the methods on requests of the framework. */
export const methodTests: AdapterTests = [
  test(
    "methods/fetch-all",
    "fetchAll lists the user's sessions, marks the current one and exposes no secret or user key",
    async (f) => {
      const [phone, desk] = [f.client({ "user-agent": PIXEL }), f.client()];
      await phone.post("/login");
      f.clock.advance("1s");
      await desk.post("/login");
      await f.client().post("/login?user=bob");
      for (const path of ["/sessions", "/list"]) {
        const response = await phone.get(path);
        const listed = response.json() as SessionJson[];
        assert.deepEqual(
          listed.map(({ current }) => current),
          [false, true],
        );
        for (const token of [phone.token(), desk.token()]) {
          assert.ok(!response.text.includes(token.split(".")[1] ?? token));
        }
        // Ids are random, so one of them may contain the same letters.
        const text = listed.reduce((rest, { id }) => rest.replaceAll(id, ""), response.text);
        assert.ok(!text.includes("ann"), "the list contains the user key");
      }
    },
  ),
  test("methods/revoke", "revoke without middleware ends the session and clears the cookie", async (f) => {
    const client = f.client();
    await client.post("/login");
    const old = client.cookieHeader();
    const response = await client.post("/logout");
    assert.deepEqual(response.json(), { user: null });
    assert.equal(client.jar.size, 0);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal((await f.client().get("/private", { cookie: old })).status, 401);
  }),
  test(
    "methods/revoke-other",
    "revokeOther ends the user's other sessions and keeps the current one",
    async (f) => {
      const [own, other, theirs] = [f.client(), f.client(), f.client()];
      await own.post("/login");
      const { id } = (await other.post("/login")).json() as { id: string };
      await theirs.post("/login?user=bob");
      assert.deepEqual((await own.post("/logout-others")).json(), [id]);
      assert.equal((await own.get("/private")).status, 200);
      assert.equal((await other.get("/private")).status, 401);
      assert.equal((await theirs.get("/private")).status, 200);
    },
  ),
  test("methods/revoke-all", "revokeAll ends all sessions of the user and clears the cookie", async (f) => {
    const [own, other] = [f.client(), f.client()];
    const ids = [];
    for (const client of [own, other]) ids.push(((await client.post("/login")).json() as { id: string }).id);
    const response = await own.post("/logout-all");
    assert.deepEqual([...(response.json() as string[])].sort(), ids.sort());
    assert.equal(own.jar.size, 0);
    assert.equal((await other.get("/private")).status, 401);
  }),
  test("methods/revoke-own", "revokeOwn ends one session of the user by its id", async (f) => {
    const [own, other] = [f.client(), f.client()];
    await own.post("/login");
    const { id } = (await other.post("/login")).json() as { id: string };
    assert.equal((await own.post(`/revoke?id=${id}`)).json(), true);
    assert.equal((await own.post(`/revoke?id=${id}`)).json(), false);
    assert.equal((await other.get("/private")).status, 401);
    assert.equal((await own.get("/private")).status, 200);
  }),
  test(
    "methods/revoke-own-current",
    "revokeOwn with the current session's id clears the cookie",
    async (f) => {
      const client = f.client();
      const { id } = (await client.post("/login")).json() as { id: string };
      assert.equal((await client.post(`/revoke?id=${id}`)).json(), true);
      assert.equal(client.jar.size, 0);
    },
  ),
  test(
    "methods/revoke-own-foreign-id",
    "revokeOwn throws ERR_NOT_OWNER for another user's session and keeps it",
    async (f) => {
      const [own, theirs] = [f.client(), f.client()];
      await own.post("/login?user=ann");
      const { id } = (await theirs.post("/login?user=bob")).json() as { id: string };
      const response = await own.post(`/revoke?id=${id}`);
      assert.deepEqual([response.status, response.json()], [403, { code: "ERR_NOT_OWNER" }]);
      assert.equal((await theirs.get("/private")).status, 200);
    },
  ),
  test(
    "methods/rotate",
    "rotate replaces the secret, and the old one is accepted for 30 seconds",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      const [old, id] = [client.cookieHeader(), client.token().split(".")[0]];
      await client.post("/rotate");
      assert.notEqual(client.cookieHeader(), old);
      assert.equal(client.token().split(".")[0], id);
      assert.equal((await client.get("/private")).status, 200);
      assert.equal((await f.client().get("/private", { cookie: old })).status, 200);
      f.clock.advance("30s");
      const response = await f.client().get("/private", { cookie: old });
      assert.deepEqual(response.json(), { error: "unauthorized", reason: "reused" });
      assert.equal((await client.get("/private")).status, 401);
    },
  ),
  test("methods/reauthenticate", "reauthenticate elevates the new secret and not the old one", async (f) => {
    const client = f.client();
    await client.post("/login");
    const [old, before] = [client.cookieHeader(), new Date(f.clock.now()).toISOString()];
    f.clock.advance("10m");
    const after = new Date(f.clock.now()).toISOString();
    assert.deepEqual((await client.post("/reauthenticate")).json(), { authenticatedAt: after });
    assert.equal((await client.get("/authenticated-at")).json(), after);
    assert.equal((await f.client().get("/authenticated-at", { cookie: old })).json(), before);
  }),
  test(
    "methods/no-session",
    "methods called without a session change nothing and return an empty result",
    async (f) => {
      assert.deepEqual((await f.client().post("/logout")).cookies, []);
      assert.deepEqual((await f.client().post("/logout-others")).json(), []);
      assert.deepEqual((await f.client().post("/logout-all")).json(), []);
      assert.equal((await f.client().post("/revoke?id=x")).json(), false);
      assert.deepEqual((await f.client().post("/rotate")).cookies, []);
      assert.deepEqual((await f.client().get("/list")).json(), []);
    },
  ),
  test(
    "methods/wrong-context",
    "methods called with a wrong context throw a TypeError that names the right one",
    async (f) => {
      const response = await f.client().get("/wrong-context");
      assert.equal(response.status, 200);
      for (const [wrong, outcomes] of Object.entries(response.json() as object)) {
        for (const [method, outcome] of Object.entries(outcomes))
          assert.match(String(outcome), /^TypeError: .*\bthe context (is|must be)\b/, `${method}(${wrong})`);
      }
    },
  ),
  test(
    "methods/not-loaded",
    "current called before middleware throws a TypeError that names public and auth",
    async (f) => {
      const { error } = (await f.client().get("/unloaded")).json() as { error: string };
      assert.match(error, /public\(\) or auth\(\)/);
    },
  ),
];
