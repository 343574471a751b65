import assert from "node:assert/strict";
import type { AdapterFixture } from "./adapter-contract.ts";
import type { ContractTests } from "./contract.ts";

/** What shared caches are told about responses that are for one user. */
export const CACHING_TESTS: ContractTests<AdapterFixture> = {
  "a handler that allows caching after our cookie was set": {
    "answers with no-store": (f) => staysPrivate(f, "json", 200),
    "redirects with no-store": (f) => staysPrivate(f, "redirect", 303),
    "streams with no-store": (f) => staysPrivate(f, "stream", 200),
    "fails with no-store": (f) => staysPrivate(f, "error", 500),
    "answers with no-store where public() cleared the cookie": async (f) => {
      const client = f.client();
      await client.post("/login");
      f.clock.advance("24h");
      const answer = await client.get("/public-cached");
      assert.deepEqual([answer.status, answer.cookies.length, client.jar.size], [200, 1, 0]);
      assert.equal(answer.headers.get("cache-control"), "no-store");
    },
    "keeps its own Cache-Control where no cookie is set": async (f) => {
      const answer = await f.client().get("/public-cached");
      assert.deepEqual(answer.cookies, []);
      assert.equal(answer.headers.get("cache-control"), "public, max-age=3600");
    },
  },

  "what auth() lets through": {
    "is private where the handler sends no Cache-Control": async (f) => {
      const client = f.client();
      await client.post("/login");
      for (const reply of ["json", "redirect", "stream"]) {
        const answer = await client.get(`/private-${reply}`);
        assert.deepEqual([answer.headers.get("cache-control"), answer.cookies], ["private", []], reply);
      }
    },
    "is private where the handler fails": async (f) => {
      const client = f.client();
      await client.post("/login");
      const answer = await client.get("/private-error");
      assert.deepEqual([answer.status, answer.headers.get("cache-control")], [500, "private"]);
    },
    "keeps the handler's own Cache-Control": async (f) => {
      const client = f.client();
      await client.post("/login");
      const answer = await client.get("/private-cached");
      assert.deepEqual([answer.status, answer.headers.get("cache-control")], [200, "public, max-age=3600"]);
    },
    "is no-store where auth() set a cookie": async (f) => {
      const client = f.client();
      await client.post("/admin/login");
      const former = { cookie: `__Host-old-admin=${client.jar.get("__Host-admin")}` };
      const answer = await f.client().get("/admin/both", former);
      assert.deepEqual([answer.status, answer.headers.get("cache-control")], [200, "no-store"]);
    },
  },

  "what is thrown": {
    "by reject as undefined is answered with an error, and the handler does not run": async (f) => {
      const answer = await f.client().get("/reject-throws");
      assert.ok(answer.status >= 500, String(answer.status));
      assert.ok(!answer.text.includes("the handler ran"), answer.text);
    },
    "by a handler as undefined is answered with an error": async (f) => {
      const { status } = await f.client().get("/handler-throws");
      assert.ok(status >= 500, String(status));
    },
  },
};

async function staysPrivate(f: AdapterFixture, reply: string, status: number): Promise<void> {
  const client = f.client();
  const answer = await client.post(`/login-cached-${reply}`);
  assert.deepEqual([answer.status, answer.headers.get("cache-control")], [status, "no-store"]);
  assert.equal((await client.get("/private")).status, 200);
}
