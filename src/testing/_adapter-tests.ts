import assert from "node:assert/strict";
import type { SessionJson } from "../session.ts";
import { PIXEL, parseSetCookie, pipelined } from "./_contract-client.ts";
import type { AdapterFixture } from "./adapter-contract.ts";
import type { ContractTests } from "./contract.ts";

const NAME = "__Host-sessionup";

export const ADAPTER_TESTS: ContractTests<AdapterFixture> = {
  init: {
    "sets one cookie with every attribute, and no-store": async (f) => {
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
    "sets a cookie that stays for as long as expiresIn says": async (f) => {
      const { cookies } = await f.client().post("/login?expiresIn=30d");
      const { attributes } = parseSetCookie(cookies[0] ?? "");
      assert.equal(attributes.get("max-age"), String(30 * 86_400));
      assert.equal(attributes.get("expires"), new Date(f.clock.now() + 30 * 86_400_000).toUTCString());
    },
    "logs in for the requests that follow": async (f) => {
      const client = f.client();
      await client.post("/login?user=bob");
      assert.deepEqual((await client.get("/private")).json(), { user: "bob" });
      assert.deepEqual((await client.get("/public")).json(), { user: "bob" });
    },
    "ends the session that the browser held": async (f) => {
      const client = f.client();
      await client.post("/login?user=ann");
      const old = client.cookieHeader();
      await client.post("/login?user=bob");
      assert.equal((await f.client().get("/private", { cookie: old })).status, 401);
      assert.deepEqual((await client.get("/private")).json(), { user: "bob" });
      assert.equal((await f.manager.fetchByUserKey("ann")).length, 0);
    },
    "ends nothing for a cookie with the wrong secret": async (f) => {
      const victim = f.client();
      await victim.post("/login");
      const [id = ""] = victim.token().split(".");
      await f.client().post("/login?user=mallory", { cookie: `${NAME}=${id}.${"x".repeat(65)}` });
      assert.equal((await victim.get("/private")).status, 200);
    },
    "leaves the last of two in one request": async (f) => {
      const client = f.client();
      const answer = await client.post("/login-twice");
      const [, second] = answer.json() as string[];
      assert.equal(answer.cookies.length, 1);
      assert.deepEqual(
        (await f.manager.fetchByUserKey("ann")).map(({ id }) => String(id)),
        [second],
      );
      assert.equal((await client.get("/private")).status, 200);
    },
    "keeps what it knows of the client": async (f) => {
      const client = f.client({ "user-agent": PIXEL, "x-forwarded-for": "203.0.113.9" });
      await client.post("/login");
      const [session] = (await client.get("/sessions")).json() as SessionJson[];
      assert.deepEqual(session?.agent, { browser: "Chrome", os: "Android" });
      assert.match(session?.ip ?? "", /^(127\.0\.0\.1|::1)$/);
    },
  },

  "public and auth": {
    "let a stranger see what is public, and set no cookie, and ask no store": async (f) => {
      const answer = await f.client().get("/public");
      assert.deepEqual(
        [answer.status, answer.json(), answer.cookies, f.store.calls],
        [200, { user: null }, [], 0],
      );
    },
    "refuse a stranger what is private": async (f) => {
      const answer = await f.client().get("/private");
      assert.deepEqual(
        [answer.status, answer.json(), answer.cookies],
        [401, { error: "unauthorized", reason: "no_cookie" }, []],
      );
      assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    },
    "refuse what is no token, and an unknown one, and leave both cookies alone": async (f) => {
      for (const [value, reason] of [
        ["x", "malformed"],
        [`${"a".repeat(22)}.${"b".repeat(65)}`, "unknown"],
      ]) {
        const answer = await f.client().get("/private", { cookie: `${NAME}=${value}` });
        assert.deepEqual(
          [answer.status, answer.json(), answer.cookies],
          [401, { error: "unauthorized", reason }, []],
        );
        assert.deepEqual((await f.client().get("/public", { cookie: `${NAME}=${value}` })).json(), {
          user: null,
        });
      }
    },
    "refuse an expired session, and clear its cookie as it was set": async (f) => {
      const client = f.client();
      const set = parseSetCookie((await client.post("/login")).cookies[0] ?? "");
      f.clock.advance("24h");
      const answer = await client.get("/private");
      assert.deepEqual([answer.status, answer.json()], [401, { error: "unauthorized", reason: "expired" }]);
      const { name, value, attributes } = parseSetCookie(answer.cookies[0] ?? "");
      assert.deepEqual([answer.cookies.length, name, value], [1, NAME, ""]);
      assert.deepEqual(
        [attributes.get("max-age"), attributes.get("expires")],
        ["0", new Date(0).toUTCString()],
      );
      for (const [key, text] of set.attributes) assert.equal(attributes.get(key), text);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      assert.equal(client.jar.size, 0);
    },
    "answer HEAD like GET": async (f) => {
      const client = f.client();
      assert.equal((await client.send("HEAD", "/private")).status, 401);
      await client.post("/login");
      const answer = await client.send("HEAD", "/private");
      assert.deepEqual([answer.status, answer.text], [200, ""]);
    },
    "leave OPTIONS to the app": async (f) => {
      const client = f.client();
      await client.post("/login");
      for (const path of ["/private", "/public", "/account/session"]) {
        const answer = await client.send("OPTIONS", path);
        assert.ok(answer.status < 500, `${path} answers ${answer.status}`);
        assert.deepEqual(answer.cookies, []);
      }
      assert.equal((await client.get("/private")).status, 200);
    },
    "find the cookie among others": async (f) => {
      const client = f.client();
      await client.post("/login");
      const cookie = `a=1; x${NAME}=no;${client.cookieHeader()}; b="${NAME}=no"; c`;
      assert.equal((await f.client().get("/private", { cookie })).status, 200);
    },
    "refuse two sessions of different users": async (f) => {
      const [ann, bob] = [f.client(), f.client()];
      await ann.post("/login?user=ann");
      await bob.post("/login?user=bob");
      const cookie = `${ann.cookieHeader()}; ${bob.cookieHeader()}`;
      assert.equal((await f.client().get("/private", { cookie })).status, 401);
      assert.equal((await ann.get("/private")).status, 200);
    },
    "keep pipelined requests of one connection apart": async (f) => {
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
    "keep concurrent requests apart": async (f) => {
      const clients = Array.from({ length: 20 }, (_, index) => ({
        user: `user-${index}`,
        client: f.client(),
      }));
      await Promise.all(clients.map(({ user, client }) => client.post(`/login?user=${user}`)));
      const answers = await Promise.all(clients.map(({ client }) => client.get("/private")));
      assert.deepEqual(
        answers.map((answer) => answer.json()),
        clients.map(({ user }) => ({ user })),
      );
    },
    "read the store once for a request, and write at most once a minute": async (f) => {
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
    "ASVS 7.3.1: take no request for activity that is to be none": async (f) => {
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
    "ASVS 7.5.3: say what has to be proved first, where they are told to ask for it": async (f) => {
      const client = f.client();
      await client.post("/login");
      const refused = {
        error: "unauthorized",
        reason: "stale_authentication",
        max_age: 600,
        acr_values: "2",
      };
      const isRefused = async () => {
        const answer = await client.get("/fresh");
        assert.deepEqual([answer.status, answer.json(), answer.cookies], [401, refused, []]);
        // RFC 9470 section 3.
        assert.equal(
          answer.headers.get("www-authenticate"),
          'Session error="insufficient_user_authentication", ' +
            'error_description="The user must authenticate again", max_age="600", acr_values="2"',
        );
      };
      await isRefused();
      await client.post("/reauthenticate");
      await isRefused();
      await client.post("/reauthenticate?level=2");
      assert.deepEqual((await client.get("/fresh")).json(), { level: 2 });
      f.clock.advance("10m");
      assert.equal((await client.get("/fresh")).status, 200);
      f.clock.advance("1s");
      await isRefused();
      await client.post("/reauthenticate?level=3&expiresIn=5m");
      assert.deepEqual((await client.get("/fresh")).json(), { level: 3 });
      f.clock.advance("5m");
      await isRefused();
      assert.equal((await client.get("/private")).status, 200);
    },
    "keep two managers apart": async (f) => {
      const client = f.client();
      await client.post("/login?user=ann");
      assert.equal((await client.get("/admin/both")).status, 401);
      await client.post("/admin/login?user=root");
      assert.deepEqual((await client.get("/admin/both")).json(), { admin: "root", user: "ann" });
      // The token of one is nothing to the other, though both are in one store.
      const cookie = `__Host-admin=${client.jar.get(NAME)}`;
      assert.equal((await f.client().get("/admin/both", { cookie })).status, 401);
    },
  },

  "a cookie that was sent otherwise before": {
    "goes, and that of now comes in its place, in one response": async (f) => {
      const client = f.client();
      await client.post("/admin/login?user=root");
      const old = `__Host-old-admin=${client.jar.get("__Host-admin")}`;
      const answer = await f.client().get("/admin/both", { cookie: old });
      assert.deepEqual([answer.status, answer.json()], [200, { admin: "root", user: null }]);
      const set = answer.cookies.map((line) => parseSetCookie(line));
      const [cleared] = set.filter(({ name }) => name === "__Host-old-admin");
      assert.deepEqual([cleared?.value, cleared?.attributes.get("max-age")], ["", "0"]);
      assert.deepEqual(
        [set.at(-1)?.name, set.at(-1)?.value],
        ["__Host-admin", client.jar.get("__Host-admin")],
      );
      assert.deepEqual((await client.get("/admin/both")).cookies, []);
    },
    "goes though it has the same name": async (f) => {
      const { cookies } = await f.client().post("/admin/login?user=root");
      const set = cookies.map((line) => parseSetCookie(line));
      assert.deepEqual(
        set.map(({ name, value, attributes }) => [name, value === "", attributes.has("partitioned")]),
        [
          ["__Host-admin", true, true],
          ["__Host-admin", false, false],
        ],
      );
    },
  },

  "our cookie is on whatever response leaves": {
    "a thrown error": async (f) => {
      const client = f.client();
      assert.equal((await client.post("/login-and-throw")).status, 500);
      assert.equal((await client.get("/private")).status, 200);
    },
    "a redirect": async (f) => {
      const client = f.client();
      const answer = await client.post("/login-and-redirect");
      assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/private"]);
      assert.equal((await client.get("/private")).status, 200);
    },
    "a stream": async (f) => {
      const client = f.client();
      assert.equal((await client.post("/login-and-stream")).text, "one two three");
      assert.equal((await client.get("/private")).status, 200);
    },
    "beside a cookie of the app's own": async (f) => {
      const client = f.client();
      assert.equal((await client.post("/login-beside-cookie")).cookies.length, 2);
      assert.equal(client.jar.get("theme"), "dark");
      assert.equal((await client.get("/private")).status, 200);
    },
  },

  "headers already sent": {
    "are an error before the store is written": async (f) => {
      const client = f.client();
      await client.post("/login");
      const before = await f.manager.fetchByUserKey("ann");
      for (const verb of ["init", "revoke", "revokeAll", "rotate", "reauthenticate"]) {
        assert.equal((await client.post(`/late?verb=${verb}`)).text, "head ERR_HEADERS_SENT", verb);
      }
      assert.deepEqual(
        (await f.manager.fetchByUserKey("ann")).map(({ id }) => id),
        before.map(({ id }) => id),
      );
      assert.equal((await client.get("/private")).status, 200);
    },
  },

  "a store that does not answer": {
    "is 503 with Retry-After behind auth, and logs nobody out": async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.down = true;
      const answer = await client.get("/private");
      assert.deepEqual([answer.status, answer.json(), answer.cookies], [503, { error: "unavailable" }, []]);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9][0-9]*$/);
      f.store.down = false;
      assert.deepEqual((await client.get("/private")).json(), { user: "ann" });
    },
    "lets what is public run, where every verb that would have to know throws": async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.down = true;
      const { current, ...others } = (await client.get("/verbs")).json() as Record<string, unknown>;
      assert.equal(current, null);
      for (const [verb, outcome] of Object.entries(others)) assert.equal(outcome, "ERR_STORE", verb);
      assert.equal(Object.keys(others).length, 11);
    },
    "is told of by a logout": async (f) => {
      const client = f.client();
      await client.post("/login");
      f.store.down = true;
      const answer = await client.post("/logout");
      assert.deepEqual([answer.status, answer.cookies], [503, []]);
      f.store.down = false;
      assert.equal((await client.get("/private")).status, 200);
    },
  },
};
