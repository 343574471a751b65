import assert from "node:assert/strict";
import { test } from "../contract.ts";
import type { ClientResponse, ContractClient } from "./client.ts";
import { type AdapterFixture, type AdapterTests, TRUSTED_ORIGIN } from "./fixture.ts";

const EVIL = "https://evil.example";

type Headers = Readonly<Record<string, string>>;

/** Returns the headers that current and older browsers send for a page of another or a hidden origin. */
function crossOriginHeaders(f: AdapterFixture): readonly Headers[] {
  const { host } = new URL(f.origin);
  return [
    { "sec-fetch-site": "cross-site", origin: EVIL },
    { "sec-fetch-site": "same-site", origin: "https://sibling.example.com" },
    { "sec-fetch-site": "cross-site", origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "cross-site", origin: f.origin },
    { origin: EVIL },
    { origin: "null" },
    { origin: `https://${host}.evil.example` },
  ];
}

/** Returns the headers for the app's own pages, typed URLs and bookmarks, a trusted origin, and non-browser clients. */
function acceptedHeaders(f: AdapterFixture): readonly Headers[] {
  return [
    { "sec-fetch-site": "same-origin", origin: f.origin },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { origin: f.origin },
    { "sec-fetch-site": "cross-site", origin: TRUSTED_ORIGIN },
    { origin: TRUSTED_ORIGIN },
    {},
  ];
}

async function loggedIn(f: AdapterFixture): Promise<ContractClient> {
  const client = f.client();
  await client.post("/login");
  return client;
}

function assertForbidden(response: ClientResponse, f: AdapterFixture, sent: unknown): void {
  const message = JSON.stringify(sent);
  assert.deepEqual([response.status, response.json()], [403, { error: "forbidden" }], message);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual([response.cookies, f.store.calls], [[], 0], message);
}

/** Tests of requests from pages of other origins. */
export const crossOriginTests: AdapterTests = [
  test(
    "cross-origin/middleware",
    "auth and public reject an unsafe cross-origin request before they read the store [asvs 3.5.1]",
    async (f) => {
      const client = await loggedIn(f);
      for (const headers of crossOriginHeaders(f)) {
        for (const path of ["/act", "/act-public"]) {
          f.store.calls = 0;
          assertForbidden(await client.post(path, headers), f, [path, headers]);
        }
      }
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test(
    "cross-origin/store-outage",
    "auth and public reject an unsafe cross-origin request with 403 during a store outage [asvs 3.5.1]",
    async (f) => {
      const client = await loggedIn(f);
      f.store.down = true;
      for (const path of ["/act", "/act-public"]) {
        f.store.calls = 0;
        assertForbidden(await client.post(path, crossOriginHeaders(f)[0]), f, path);
      }
    },
  ),
  test(
    "cross-origin/init",
    "init without middleware rejects a cross-origin request and creates no session [asvs 3.5.1]",
    async (f) => {
      const client = await loggedIn(f);
      const before = client.cookieHeader();
      for (const headers of crossOriginHeaders(f)) {
        f.store.calls = 0;
        const response = await client.post("/login?user=mallory", headers);
        assert.deepEqual(
          [response.status, response.cookies, f.store.calls],
          [403, [], 0],
          JSON.stringify(headers),
        );
      }
      assert.equal(client.cookieHeader(), before);
      assert.deepEqual(await f.manager.fetchByUserKey("mallory"), []);
    },
  ),
  test(
    "cross-origin/methods",
    "methods without middleware reject an unsafe cross-origin request and change nothing [asvs 3.5.1]",
    async (f) => {
      const client = await loggedIn(f);
      const before = client.cookieHeader();
      for (const path of [
        "/logout",
        "/logout-others",
        "/logout-all",
        "/revoke",
        "/rotate",
        "/reauthenticate",
      ]) {
        const response = await client.post(path, crossOriginHeaders(f)[0]);
        assert.deepEqual([response.status, response.cookies], [403, []], path);
      }
      assert.deepEqual([client.cookieHeader(), (await client.get("/private")).status], [before, 200]);
    },
  ),
  test(
    "cross-origin/no-preflight",
    "the routes reject a cross-origin request with a content type that needs no preflight [asvs 3.5.2]",
    async (f) => {
      const client = await loggedIn(f);
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
      ]) {
        const response = await client.post("/account/logout", {
          ...crossOriginHeaders(f)[0],
          "content-type": type,
        });
        assert.equal(response.status, 403, type);
      }
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test(
    "cross-origin/safe-methods",
    "auth and public accept cross-origin requests with GET, HEAD and OPTIONS [asvs 3.5.3]",
    async (f) => {
      const client = await loggedIn(f);
      for (const headers of crossOriginHeaders(f)) {
        assert.deepEqual((await client.get("/private", headers)).json(), { user: "ann" });
        assert.deepEqual((await client.get("/public", headers)).json(), { user: "ann" });
      }
      assert.equal((await client.send("HEAD", "/private", crossOriginHeaders(f)[0])).status, 200);
      assert.notEqual((await client.send("OPTIONS", "/private", crossOriginHeaders(f)[0])).status, 403);
    },
  ),
  test(
    "cross-origin/routes-get",
    "the logout routes reject GET and HEAD with 405 and keep the session [asvs 3.5.3]",
    async (f) => {
      const client = await loggedIn(f);
      for (const path of ["/account/logout", "/account/logout-all"]) {
        for (const method of ["GET", "HEAD"]) assert.equal((await client.send(method, path)).status, 405);
      }
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test(
    "cross-origin/delete",
    "the routes reject a cross-origin DELETE before they read the store",
    async (f) => {
      const client = await loggedIn(f);
      for (const headers of crossOriginHeaders(f)) {
        f.store.calls = 0;
        assertForbidden(await client.send("DELETE", "/account/sessions", headers), f, headers);
      }
    },
  ),
  test(
    "cross-origin/allow",
    "a route with crossOrigin: allow accepts a cross-origin request, and other routes reject it",
    async (f) => {
      for (const path of ["/callback", "/callback-bare"]) {
        const client = f.client();
        const response = await client.post(`${path}?user=bob`, crossOriginHeaders(f)[0]);
        assert.deepEqual([response.status, client.jar.size], [200, 1], path);
        assert.deepEqual((await client.get("/private")).json(), { user: "bob" });
        // Other routes do not allow it.
        assert.equal((await client.post("/act", crossOriginHeaders(f)[0])).status, 403);
      }
    },
  ),
  test(
    "cross-origin/trusted",
    "requests from the app's own pages, trusted origins and non-browser clients are accepted",
    async (f) => {
      for (const headers of acceptedHeaders(f)) {
        const message = JSON.stringify(headers);
        const client = f.client();
        assert.equal((await client.post("/login?user=bob", headers)).status, 200, message);
        assert.deepEqual((await client.post("/act", headers)).json(), { user: "bob" }, message);
        assert.deepEqual((await client.post("/act-public", headers)).json(), { user: "bob" }, message);
        assert.deepEqual((await f.client().post("/act-public", headers)).json(), { user: null }, message);
        assert.equal((await f.client().post("/act", headers)).status, 401, message);
        assert.equal((await client.post("/logout", headers)).status, 200, message);
      }
    },
  ),
];
