import assert from "node:assert/strict";
import type { Answer, ContractClient } from "./_contract-client.ts";
import type { AdapterFixture } from "./adapter-contract.ts";
import type { ContractTests } from "./contract.ts";

/** An origin that the contract's manager trusts. */
export const FRIEND = "https://friend.example";

const EVIL = "https://evil.example";

type Headers = Readonly<Record<string, string>>;

/** What browsers say of a page of another origin: those of today, older ones, and those of pages that hide theirs. */
function foreign(f: AdapterFixture): readonly Headers[] {
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

/** What they say of the own pages, of what was typed or bookmarked, of a friend's, and what no browser says. */
function own(f: AdapterFixture): readonly Headers[] {
  return [
    { "sec-fetch-site": "same-origin", origin: f.origin },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { origin: f.origin },
    { "sec-fetch-site": "cross-site", origin: FRIEND },
    { origin: FRIEND },
    {},
  ];
}

async function loggedIn(f: AdapterFixture): Promise<ContractClient> {
  const client = f.client();
  await client.post("/login");
  return client;
}

function assertForbidden(answer: Answer, f: AdapterFixture, sent: unknown): void {
  const message = JSON.stringify(sent);
  assert.deepEqual([answer.status, answer.json()], [403, { error: "forbidden" }], message);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual([answer.cookies, f.store.calls], [[], 0], message);
}

/** What pages of other origins can do in a user's name: nothing. */
export const CROSS_ORIGIN_TESTS: ContractTests<AdapterFixture> = {
  "what a page of another origin sends": {
    "ASVS 3.5.1: is refused by auth and by public, before the store is asked": async (f) => {
      const client = await loggedIn(f);
      for (const headers of foreign(f)) {
        for (const path of ["/act", "/act-public"]) {
          f.store.calls = 0;
          assertForbidden(await client.post(path, headers), f, [path, headers]);
        }
      }
      assert.equal((await client.get("/private")).status, 200);
    },
    "ASVS 3.5.1: is refused by auth and by public while the store is down, with 403 all the same": async (
      f,
    ) => {
      const client = await loggedIn(f);
      f.store.down = true;
      for (const path of ["/act", "/act-public"]) {
        f.store.calls = 0;
        assertForbidden(await client.post(path, foreign(f)[0]), f, path);
      }
    },
    "ASVS 3.5.1: logs nobody in, with no middleware before": async (f) => {
      const client = await loggedIn(f);
      const before = client.cookieHeader();
      for (const headers of foreign(f)) {
        f.store.calls = 0;
        const answer = await client.post("/login?user=mallory", headers);
        assert.deepEqual(
          [answer.status, answer.cookies, f.store.calls],
          [403, [], 0],
          JSON.stringify(headers),
        );
      }
      assert.equal(client.cookieHeader(), before);
      assert.deepEqual(await f.manager.fetchByUserKey("mallory"), []);
    },
    "ASVS 3.5.1: ends, rotates and changes nothing, with no middleware before": async (f) => {
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
        const answer = await client.post(path, foreign(f)[0]);
        assert.deepEqual([answer.status, answer.cookies], [403, []], path);
      }
      assert.deepEqual([client.cookieHeader(), (await client.get("/private")).status], [before, 200]);
    },
    "ASVS 3.5.2: is refused where browsers ask for no preflight, whatever its body says that it is": async (
      f,
    ) => {
      const client = await loggedIn(f);
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
      ]) {
        const answer = await client.post("/account/logout", { ...foreign(f)[0], "content-type": type });
        assert.equal(answer.status, 403, type);
      }
      assert.equal((await client.get("/private")).status, 200);
    },
    "ASVS 3.5.3: passes where it only asks, a link that leads in among it": async (f) => {
      const client = await loggedIn(f);
      for (const headers of foreign(f)) {
        assert.deepEqual((await client.get("/private", headers)).json(), { user: "ann" });
        assert.deepEqual((await client.get("/public", headers)).json(), { user: "ann" });
      }
      assert.equal((await client.send("HEAD", "/private", foreign(f)[0])).status, 200);
      assert.notEqual((await client.send("OPTIONS", "/private", foreign(f)[0])).status, 403);
    },
    "ASVS 3.5.3: changes nothing by GET or HEAD at the ready-made routes, wherever it comes from": async (
      f,
    ) => {
      const client = await loggedIn(f);
      for (const path of ["/account/logout", "/account/logout-all"]) {
        for (const method of ["GET", "HEAD"]) assert.equal((await client.send(method, path)).status, 405);
      }
      assert.equal((await client.get("/private")).status, 200);
    },
    "is refused with DELETE, too": async (f) => {
      const client = await loggedIn(f);
      for (const headers of foreign(f)) {
        f.store.calls = 0;
        assertForbidden(await client.send("DELETE", "/account/sessions", headers), f, headers);
      }
    },
    "is let in where the app says that it may come from anywhere": async (f) => {
      for (const path of ["/callback", "/callback-bare"]) {
        const client = f.client();
        const answer = await client.post(`${path}?user=bob`, foreign(f)[0]);
        assert.deepEqual([answer.status, client.jar.size], [200, 1], path);
        assert.deepEqual((await client.get("/private")).json(), { user: "bob" });
        // Only there.
        assert.equal((await client.post("/act", foreign(f)[0])).status, 403);
      }
    },
  },

  "what the own pages send, and friends, and what no browser sends": {
    "passes, with a session and without, and logs in": async (f) => {
      for (const headers of own(f)) {
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
  },
};
