import assert from "node:assert/strict";
import type { SessionJson } from "../../session.ts";
import { test } from "../contract.ts";
import type { ContractClient } from "./client.ts";
import type { AdapterTests } from "./fixture.ts";

/** Logs in and returns the id of the session. */
async function login(client: ContractClient, user = "ann"): Promise<string> {
  return ((await client.post(`/login?user=${user}`)).json() as { id: string }).id;
}

/** Tests of the ready-made routes, which the app has under `/account`. */
export const routeTests: AdapterTests = [
  test(
    "routes/session",
    "GET /session returns the session and its remaining lifetime and records no activity",
    async (f) => {
      const client = f.client();
      const id = await login(client);
      f.clock.advance("10m");
      f.store.calls = 0;
      const response = await client.get("/account/session");
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      const { userKey, expiresIn, session } = response.json() as {
        userKey: string;
        expiresIn: number;
        session: SessionJson;
      };
      assert.deepEqual(
        [response.status, userKey, expiresIn, session.id, session.current],
        [200, "ann", 86_400 - 600, id, true],
      );
      assert.equal(session.lastSeenAt, session.createdAt);
      assert.deepEqual([f.store.calls, response.cookies], [1, []]);
    },
  ),
  test("routes/sessions", "GET /sessions lists the user's sessions and records activity", async (f) => {
    const [own, other] = [f.client(), f.client()];
    const first = await login(own);
    f.clock.advance("2m");
    const second = await login(other);
    const { sessions } = (await own.get("/account/sessions")).json() as { sessions: SessionJson[] };
    assert.deepEqual(
      sessions.map(({ id, current }) => [id, current]),
      [
        [second, false],
        [first, true],
      ],
    );
    assert.equal(sessions[1]?.lastSeenAt, new Date(f.clock.now()).toISOString());
  }),
  test(
    "routes/end-one",
    "DELETE /sessions/:id ends one session and returns 404 for an unknown id and another user's session",
    async (f) => {
      const [own, other, theirs] = [f.client(), f.client(), f.client()];
      await login(own);
      const id = await login(other);
      const foreign = await login(theirs, "bob");
      const ended = await own.send("DELETE", `/account/sessions/${id}`);
      assert.deepEqual([ended.status, ended.text], [204, ""]);
      assert.equal((await other.get("/private")).status, 401);
      for (const unknown of [id, foreign, "0".repeat(22), "..", "%00", "x".repeat(300)]) {
        const response = await own.send("DELETE", `/account/sessions/${encodeURIComponent(unknown)}`);
        // The client resolves `..` itself, so this request is for another path.
        if (unknown === "..") continue;
        assert.deepEqual([response.status, response.json()], [404, { error: "not_found" }], unknown);
      }
      assert.equal((await theirs.get("/private")).status, 200);
    },
  ),
  test(
    "routes/end-current",
    "DELETE /sessions/:id with the current session's id clears the cookie",
    async (f) => {
      const client = f.client();
      const id = await login(client);
      assert.equal((await client.send("DELETE", `/account/sessions/${id}`)).status, 204);
      assert.equal(client.jar.size, 0);
    },
  ),
  test(
    "routes/end-others",
    "DELETE /sessions ends the user's other sessions and keeps the current one",
    async (f) => {
      const [own, other] = [f.client(), f.client()];
      await login(own);
      const id = await login(other);
      const response = await own.send("DELETE", "/account/sessions");
      assert.deepEqual([response.status, response.json()], [200, { ended: [id] }]);
      assert.equal((await own.get("/private")).status, 200);
      assert.equal((await other.get("/private")).status, 401);
    },
  ),
  test("routes/logout", "POST /logout ends the session and succeeds again without one", async (f) => {
    const client = f.client();
    await login(client);
    const old = client.cookieHeader();
    const response = await client.post("/account/logout");
    assert.deepEqual([response.status, response.text, client.jar.size], [204, "", 0]);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal((await f.client().get("/private", { cookie: old })).status, 401);
    assert.equal((await client.post("/account/logout")).status, 204);
  }),
  test(
    "routes/logout-all",
    "POST /logout-all ends all sessions of the user and clears the cookie",
    async (f) => {
      const [own, other] = [f.client(), f.client()];
      const ids = [await login(own), await login(other)];
      const response = await own.post("/account/logout-all");
      assert.deepEqual((response.json() as { ended: string[] }).ended.sort(), ids.sort());
      assert.deepEqual([response.status, own.jar.size], [200, 0]);
      assert.equal((await other.get("/private")).status, 401);
    },
  ),
  test(
    "routes/no-cookie",
    "the routes reject a request without a cookie with 401 and reason no_cookie",
    async (f) => {
      for (const [method, path] of [
        ["GET", "/account/session"],
        ["GET", "/account/sessions"],
        ["DELETE", "/account/sessions"],
        ["DELETE", `/account/sessions/${"0".repeat(22)}`],
        ["POST", "/account/logout-all"],
      ] as const) {
        const response = await f.client().send(method, path);
        assert.deepEqual(
          [response.status, response.json(), response.cookies],
          [401, { error: "unauthorized", reason: "no_cookie" }, []],
          `${method} ${path}`,
        );
      }
    },
  ),
  test("routes/expired", "the routes clear the cookie of an expired session", async (f) => {
    const client = f.client();
    await login(client);
    f.clock.advance("24h");
    const response = await client.get("/account/session");
    assert.deepEqual([response.status, response.json()], [401, { error: "unauthorized", reason: "expired" }]);
    assert.equal(client.jar.size, 0);
  }),
  test(
    "routes/cross-origin",
    "the routes reject unsafe requests from other origins and end no session",
    async (f) => {
      const [own, other] = [f.client(), f.client()];
      await login(own);
      await login(other);
      const host = new URL(f.origin).host;
      for (const headers of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: `https://${host}.evil.example` },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site", origin: "https://sibling.example.com" },
      ]) {
        for (const [method, path] of [
          ["DELETE", "/account/sessions"],
          ["POST", "/account/logout"],
          ["POST", "/account/logout-all"],
        ] as const) {
          const response = await own.send(method, path, headers);
          assert.deepEqual(
            [response.status, response.json(), response.cookies],
            [403, { error: "forbidden" }, []],
            `${method} ${path} ${JSON.stringify(headers)}`,
          );
        }
      }
      assert.equal((await own.get("/private")).status, 200);
      assert.equal((await other.get("/private")).status, 200);
    },
  ),
  test(
    "routes/same-origin",
    "the routes accept unsafe requests from the app's own origin and reads from every origin",
    async (f) => {
      const client = f.client();
      await login(client);
      const elsewhere = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
      assert.equal((await client.get("/account/session", elsewhere)).status, 200);
      const own = await client.send("DELETE", "/account/sessions", { origin: f.origin });
      assert.equal(own.status, 200);
      const headers = { origin: f.origin, "sec-fetch-site": "same-origin" };
      assert.equal((await client.post("/account/logout", headers)).status, 204);
    },
  ),
  test(
    "routes/methods",
    "the routes treat HEAD like GET and reject a wrong method with 405 and Allow",
    async (f) => {
      const client = f.client();
      await login(client);
      const head = await client.send("HEAD", "/account/session");
      assert.deepEqual([head.status, head.text], [200, ""]);
      const wrong = await client.post("/account/session");
      assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
    },
  ),
  test("routes/other-paths", "the routes leave every other path to the app", async (f) => {
    const client = f.client();
    await login(client);
    for (const path of [
      "/account",
      "/account/nothing",
      "/session",
      "/accounts/session",
      "/account/session/",
    ]) {
      assert.equal((await client.get(path)).status, 404, path);
    }
    assert.deepEqual((await client.get("/private")).json(), { user: "ann" });
  }),
  test(
    "routes/store-outage",
    "the routes return 503 with Retry-After during a store outage and keep the session",
    async (f) => {
      const client = f.client();
      await login(client);
      f.store.down = true;
      for (const [method, path] of [
        ["GET", "/account/session"],
        ["DELETE", "/account/sessions"],
        ["POST", "/account/logout"],
      ] as const) {
        const response = await client.send(method, path);
        assert.deepEqual(
          [response.status, response.json(), response.cookies],
          [503, { error: "unavailable" }, []],
          path,
        );
        assert.match(response.headers.get("retry-after") ?? "", /^[1-9][0-9]*$/);
      }
      f.store.down = false;
      assert.equal((await client.get("/account/session")).status, 200);
    },
  ),
];
