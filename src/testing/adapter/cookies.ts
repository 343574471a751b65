import assert from "node:assert/strict";
import { test } from "../contract.ts";
import { parseSetCookie } from "./client.ts";
import type { AdapterTests } from "./fixture.ts";

/** Tests of when the session cookie is set: with which response, and in place of which previous cookies. */
export const cookieTests: AdapterTests = [
  test(
    "previous-cookie/other-name",
    "auth replaces a previous cookie of another name with the current one in one response",
    async (f) => {
      const client = f.client();
      await client.post("/admin/login?user=root");
      const old = `__Host-old-admin=${client.jar.get("__Host-admin")}`;
      const response = await f.client().get("/admin/both", { cookie: old });
      assert.deepEqual([response.status, response.json()], [200, { admin: "root", user: null }]);
      const set = response.cookies.map((line) => parseSetCookie(line));
      const [cleared] = set.filter(({ name }) => name === "__Host-old-admin");
      assert.deepEqual([cleared?.value, cleared?.attributes.get("max-age")], ["", "0"]);
      assert.deepEqual(
        [set.at(-1)?.name, set.at(-1)?.value],
        ["__Host-admin", client.jar.get("__Host-admin")],
      );
      assert.deepEqual((await client.get("/admin/both")).cookies, []);
    },
  ),
  test(
    "previous-cookie/same-name",
    "init clears a previous cookie of the same name with other attributes",
    async (f) => {
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
  ),
  test(
    "cookie-delivery/thrown-error",
    "the session cookie is set when the handler throws after init",
    async (f) => {
      const client = f.client();
      assert.equal((await client.post("/login-and-throw")).status, 500);
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
  test("cookie-delivery/redirect", "the session cookie is set on a redirect", async (f) => {
    const client = f.client();
    const response = await client.post("/login-and-redirect");
    assert.deepEqual([response.status, response.headers.get("location")], [303, "/private"]);
    assert.equal((await client.get("/private")).status, 200);
  }),
  test("cookie-delivery/stream", "the session cookie is set on a streamed response", async (f) => {
    const client = f.client();
    assert.equal((await client.post("/login-and-stream")).text, "one two three");
    assert.equal((await client.get("/private")).status, 200);
  }),
  test("cookie-delivery/app-cookie", "the session cookie is set beside a cookie of the app", async (f) => {
    const client = f.client();
    assert.equal((await client.post("/login-beside-cookie")).cookies.length, 2);
    assert.equal(client.jar.get("theme"), "dark");
    assert.equal((await client.get("/private")).status, 200);
  }),
  test(
    "cookie-delivery/headers-sent",
    "methods that set a cookie throw ERR_HEADERS_SENT after the headers and write nothing to the store",
    async (f) => {
      const client = f.client();
      await client.post("/login");
      const before = await f.manager.fetchByUserKey("ann");
      for (const method of ["init", "revoke", "revokeAll", "rotate", "reauthenticate"]) {
        assert.equal((await client.post(`/late?method=${method}`)).text, "head ERR_HEADERS_SENT", method);
      }
      assert.deepEqual(
        (await f.manager.fetchByUserKey("ann")).map(({ id }) => id),
        before.map(({ id }) => id),
      );
      assert.equal((await client.get("/private")).status, 200);
    },
  ),
];
