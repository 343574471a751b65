import assert from "node:assert/strict";
import type { SessionJson } from "../../session.ts";
import { test } from "../contract.ts";
import type { ClientResponse, ContractClient } from "./client.ts";
import type { AdapterFixture, AdapterTests } from "./fixture.ts";

const NAME = "__Host-sessionup";
const HEADER = "session-token";
const CROSS_SITE = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

/** Logs an app in and returns its token. */
async function login(f: AdapterFixture, query = ""): Promise<string> {
  const { token } = (await f.client().post(`/app/login${query}`)).json() as { token: string };
  return token;
}

/** Returns an app that presents the token with each request. */
function app(f: AdapterFixture, token: string, scheme = "Bearer"): ContractClient {
  return f.client({ authorization: `${scheme} ${token}` });
}

function assertRejected(response: ClientResponse, reason: string, message?: string): void {
  assert.deepEqual(
    [response.status, response.json(), response.cookies],
    [401, { error: "unauthorized", reason }, []],
    message,
  );
}

/** Tests of the bearer transport. */
export const bearerTests: AdapterTests = [
  test(
    "bearer/login",
    "initBearer returns a token that authenticates, and sets no cookie [asvs 14.3.2]",
    async (f) => {
      const { status, headers, cookies, ...response } = await f.client().post("/app/login?user=bob");
      const { token } = response.json() as { token: string };
      assert.match(token, /^[0-9A-Za-z]{22}\.[0-9A-Za-z]{65}$/);
      assert.deepEqual([status, cookies, headers.get(HEADER)], [200, [], null]);
      assert.equal(headers.get("cache-control"), "no-store");
      for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer  "]) {
        const { cookies, ...answer } = await app(f, token, scheme).get("/private");
        assert.deepEqual([answer.json(), cookies], [{ user: "bob" }, []], scheme);
        assert.deepEqual((await app(f, token, scheme).get("/public")).json(), { user: "bob" }, scheme);
      }
    },
  ),
  test("bearer/list", "lists show the kind of each session and the name of the app's device", async (f) => {
    const browser = f.client();
    await browser.post("/login");
    f.clock.advance("1m");
    const token = await login(f, `?${new URLSearchParams({ device: "Ana’s\nphone" })}`);
    const { sessions } = (await app(f, token).get("/account/sessions")).json() as { sessions: SessionJson[] };
    assert.deepEqual(
      sessions.map(({ kind, deviceName, current }) => [kind, deviceName, current]),
      [
        ["app", "Ana’s phone", true],
        ["browser", undefined, false],
      ],
    );
    // Either session can end the other.
    assert.equal((await browser.send("DELETE", `/account/sessions/${sessions[0]?.id}`)).status, 204);
    assertRejected(await app(f, token).get("/private"), "unknown");
  }),
  test("bearer/both-carriers", "a request with a bearer token and the cookie is malformed", async (f) => {
    const browser = f.client();
    await browser.post("/login");
    const token = await login(f);
    for (const cookie of [browser.cookieHeader(), `${NAME}=x`]) {
      const response = await app(f, token).get("/private", { cookie });
      assertRejected(response, "malformed", cookie);
      assert.deepEqual((await app(f, token).get("/public", { cookie })).json(), { user: null });
    }
    assert.equal((await app(f, token).get("/private", { cookie: "theme=dark" })).status, 200);
    // A logout must not report success while the session of the token goes on.
    const cookie = browser.cookieHeader();
    assert.deepEqual((await app(f, token).post("/account/logout", { cookie })).cookies, []);
    assertRejected(await app(f, token).get("/private"), "unknown");
    assert.equal((await browser.get("/private")).status, 200);
  }),
  test(
    "bearer/own-transport",
    "the secret of a cookie is not accepted as a bearer token, nor a bearer token in the cookie",
    async (f) => {
      const browser = f.client();
      await browser.post("/login");
      const token = await login(f);
      assertRejected(await app(f, browser.token()).get("/private"), "unknown");
      assertRejected(await f.client().get("/private", { cookie: `${NAME}=${token}` }), "unknown");
      assert.equal((await browser.get("/private")).status, 200);
      assert.equal((await app(f, token).get("/private")).status, 200);
    },
  ),
  test(
    "bearer/other-credentials",
    "another bearer token is malformed even with a valid cookie, and other schemes are ignored",
    async (f) => {
      const browser = f.client();
      await browser.post("/login");
      const cookie = browser.cookieHeader();
      for (const other of ["eyJhbGciOiJub25lIn0.e30.", "", "x", browser.token().replace(".", "_")]) {
        assertRejected(await app(f, other).get("/private"), "malformed", other);
        assertRejected(await app(f, other).get("/private", { cookie }), "malformed", other);
      }
      for (const authorization of ["Basic YW5uOnNlY3JldA==", "BearerToken x", "Digest username=ann"])
        assert.equal((await browser.get("/private", { authorization })).status, 200, authorization);
    },
  ),
  test(
    "bearer/cross-origin",
    "an unsafe cross-origin request is accepted with a bearer token and rejected with the cookie [asvs 3.5.1]",
    async (f) => {
      const browser = f.client();
      await browser.post("/login");
      const token = await login(f);
      for (const path of ["/act", "/act-public"]) {
        assert.deepEqual((await app(f, token).post(path, CROSS_SITE)).json(), { user: "ann" });
        assert.equal((await browser.post(path, CROSS_SITE)).status, 403);
      }
      // A login carries no token yet, so the guard protects a browser's session that it would end.
      assert.equal((await browser.post("/app/login", CROSS_SITE)).status, 403);
    },
  ),
  test(
    "bearer/challenge",
    "a rejection has WWW-Authenticate, with an error only for a presented token",
    async (f) => {
      const challenge = async (client: ContractClient, path = "/private") =>
        (await client.get(path)).headers.get("www-authenticate");
      assert.equal(await challenge(f.client()), 'Bearer realm="sessions"');
      assert.equal(await challenge(f.client({ cookie: `${NAME}=x` })), 'Bearer realm="sessions"');
      assert.equal(await challenge(app(f, "x")), 'Bearer realm="sessions", error="invalid_token"');
      assert.equal(await challenge(f.client(), "/account/session"), 'Bearer realm="sessions"');
      const token = await login(f);
      assert.equal(await challenge(app(f, token), "/public"), null);
      assert.match(
        (await challenge(app(f, token), "/fresh")) ?? "",
        /^Bearer realm="sessions", error="insufficient_user_authentication", .*max_age="600", acr_values="2"$/,
      );
      const browser = f.client();
      await browser.post("/login");
      assert.match((await challenge(browser, "/fresh")) ?? "", /^Session error="insufficient_user/);
    },
  ),
  test(
    "bearer/refresh",
    "POST /session/refresh sends a new secret, and the reuse of the old one ends the session",
    async (f) => {
      const token = await login(f);
      const { status, headers, cookies } = await app(f, token).post("/account/session/refresh");
      const next = headers.get(HEADER) ?? "";
      assert.deepEqual([status, cookies, headers.get("cache-control")], [204, [], "no-store"]);
      assert.deepEqual([next.split(".")[0], next === token], [token.split(".")[0], false]);
      // The response may be lost, so the old secret is accepted until the new one arrives.
      f.clock.advance("5m");
      assert.equal((await app(f, token).get("/private")).status, 200);
      assert.equal((await app(f, next).get("/private")).status, 200);
      f.clock.advance("31s");
      assertRejected(await app(f, token).get("/private"), "reused");
      assertRejected(await app(f, next).get("/private"), "unknown");
      assertRejected(await f.client().post("/account/session/refresh"), "no_cookie");
    },
  ),
  test("bearer/refresh-cookie", "POST /session/refresh sends a browser a new cookie", async (f) => {
    const browser = f.client();
    await browser.post("/login");
    const old = browser.cookieHeader();
    const { status, headers } = await browser.post("/account/session/refresh");
    assert.deepEqual([status, headers.get(HEADER), browser.cookieHeader() === old], [204, null, false]);
    assert.equal((await browser.get("/private")).status, 200);
    f.clock.advance("31s");
    assert.equal((await f.client().get("/private", { cookie: old })).status, 401);
    assert.equal((await f.client().post("/account/session/refresh", CROSS_SITE)).status, 403);
  }),
  test("bearer/rotate", "rotate sends the new secret in a header, and the old one ends", async (f) => {
    const token = await login(f);
    const { headers, cookies } = await app(f, token).post("/app/rotate");
    const next = headers.get(HEADER) ?? "";
    assert.deepEqual([cookies, headers.get("cache-control")], [[], "no-store"]);
    f.clock.advance("29s");
    assert.equal((await app(f, token).get("/private")).status, 200);
    assert.equal((await app(f, next).get("/private")).status, 200);
    f.clock.advance("1s");
    assertRejected(await app(f, token).get("/private"), "reused");
  }),
  test("bearer/logout", "a logout ends the session, empties the header and clears no cookie", async (f) => {
    for (const path of ["/account/logout", "/account/logout-all"]) {
      const token = await login(f);
      const { status, headers, cookies } = await app(f, token).post(path);
      assert.deepEqual([status < 300, cookies, headers.get(HEADER)], [true, [], ""], path);
      assert.equal(headers.get("clear-site-data"), null);
      assertRejected(await app(f, token).get("/private"), "unknown", path);
    }
  }),
  test(
    "bearer/expired",
    "an expired session of an app is rejected, and the empty header says that it has ended",
    async (f) => {
      const token = await login(f);
      f.clock.advance("24h");
      const response = await app(f, token).get("/private");
      assertRejected(response, "expired");
      assert.equal(response.headers.get(HEADER), "");
    },
  ),
  test(
    "bearer/elsewhere",
    "a token in the URL, the body or another header counts for nothing [asvs 14.2.1]",
    async (f) => {
      const token = await login(f);
      for (const name of ["access_token", "token", "authorization", "Bearer", NAME, HEADER]) {
        const query = `?${new URLSearchParams({ [name]: token })}`;
        assertRejected(await f.client().get(`/private${query}`), "no_cookie", name);
        if (!name.startsWith("__") && name !== "authorization" && name !== "Bearer")
          assertRejected(await f.client({ [name]: token }).get("/private"), "no_cookie", name);
        for (const body of [new URLSearchParams({ [name]: token }), JSON.stringify({ [name]: token })]) {
          const type = typeof body === "string" ? "application/json" : "application/x-www-form-urlencoded";
          const headers = { "content-type": type };
          const response = await fetch(`${f.origin}/act`, { method: "POST", headers, body });
          // Some frameworks accept no forms without a parser.
          assert.ok(response.status === 401 || response.status === 415, name);
          assert.deepEqual(response.headers.getSetCookie(), [], name);
          await response.arrayBuffer();
        }
      }
    },
  ),
  test("bearer/init", "init rejects a request with a bearer token and sets no cookie", async (f) => {
    const token = await login(f);
    for (const presented of [token, "x"]) {
      const response = await app(f, presented).post("/login?user=bob");
      assert.deepEqual(
        [response.status, response.json(), response.cookies, response.headers.get(HEADER)],
        [401, { code: "ERR_UNAUTHORIZED" }, [], null],
      );
    }
    assert.equal((await f.manager.fetchByUserKey("bob")).length, 0);
  }),
  test(
    "bearer/replaces-session",
    "initBearer ends the session that the request presents, and clears its cookie",
    async (f) => {
      const browser = f.client();
      await browser.post("/login");
      const old = browser.cookieHeader();
      const { token } = (await browser.post("/app/login")).json() as { token: string };
      assert.equal(browser.jar.size, 0);
      assertRejected(await f.client().get("/private", { cookie: old }), "unknown");
      const again = await app(f, token).post("/app/login");
      assert.deepEqual([again.cookies, again.headers.get(HEADER)], [[], null]);
      assertRejected(await app(f, token).get("/private"), "unknown");
      assert.equal((await f.manager.fetchByUserKey("ann")).length, 1);
    },
  ),
];
