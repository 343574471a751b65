// Nuxt 5, of which there are nightly builds: its API routes are Nitro's, which is under the contract in nitro.test.ts.
// Here is what Nuxt adds to it: pages, what they fetch while they are rendered, and an error handler of its own.
import { setTimeout as delay } from "node:timers/promises";
import type { SessionJson } from "sessionup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { type Example, walk } from "../../support/walk.ts";
import { compile } from "../build.ts";
import { names } from "../running.ts";
import { NUXT, startNuxt } from "./_nuxt.ts";

const NAME = "__Host-sessionup";
const html = { accept: "text/html" };

let example: Example | undefined;
beforeAll(async () => {
  example = await startNuxt();
}, 600_000);
afterAll(() => example?.stop());

const client = (headers?: Record<string, string>) => new ContractClient(example?.origin ?? "", headers);

/** What a page shows. */
const shown = (page: string, id: string) => new RegExp(`<p id="${id}">([^<]*)</p>`).exec(page)?.[1];

/** A browser whose session has expired. */
async function late(): Promise<ContractClient> {
  const ann = client();
  await ann.post("/login?expiresIn=1s");
  await delay(1_100);
  return ann;
}

describe("an app of Nuxt 5, built and started as a process", () => {
  it("logs in on two browsers, ends one from the other, and logs out", async () => {
    await walk(example?.origin ?? "");
  });

  it("knows on a page, and in what the page fetches of its own API, who is asking", async () => {
    const ann = client();
    const stranger = (await ann.get("/")).text;
    expect([shown(stranger, "page"), shown(stranger, "fetched")]).toEqual(["Hello, stranger", ""]);
    await ann.post("/login");
    const page = (await ann.get("/")).text;
    expect([shown(page, "page"), shown(page, "fetched")]).toEqual(["Hello, ann", "ann"]);
    expect((await ann.get("/private")).text).toContain("in private");
    // Nothing of the cookie is in what the page tells its script.
    for (const part of ann.token().split(".")) expect(page).not.toContain(part);
  });

  it("passes on no cookie that its own API sets while a page is rendered", async () => {
    const answer = await client().get("/inner");
    expect([shown(answer.text, "page"), answer.cookies]).toEqual(["the login was a success", []]);
  });

  it("refuses a stranger in the API, and answers the ready-made routes", async () => {
    const ann = client();
    for (const path of ["/api/hello", "/account/session"]) {
      const answer = await ann.get(path);
      expect([answer.status, answer.json()], path).toEqual([
        401,
        { error: "unauthorized", reason: "no_cookie" },
      ]);
    }
    await ann.post("/login");
    expect((await ann.get("/api/hello")).json()).toEqual({ hello: "ann" });
    expect((await ann.send("HEAD", "/api/hello")).status).toBe(200);
    expect((await ann.post("/account/logout")).status).toBe(204);
    expect(ann.jar.size).toBe(0);
  });

  it.each([
    ["nothing", {}, 200],
    ["throw", {}, 500],
    ["throw", html, 500],
    ["HTTPError", {}, 409],
    ["HTTPError", html, 409],
    ["redirect", {}, 303],
    ["Response.redirect", {}, 303],
    ["stream", {}, 200],
  ])(
    "has the cookie on an answer that ends by %s, asked for with %j, once, with no-store",
    async (then, headers, status) => {
      const ann = client();
      const answer = await ann.post(`/login?then=${then}`, headers);
      expect([answer.status, names(answer.cookies)]).toEqual([status, [NAME]]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect((await ann.get("/api/hello")).status).toBe(200);
    },
  );

  it.each([
    ["/", 200],
    ["/private", 302],
    ["/broken", 418],
    ["/nowhere", 404],
  ])("clears the cookie of a session that has expired on a page: %s, %i", async (path, status) => {
    const ann = await late();
    const answer = await ann.get(path, html);
    expect([answer.status, names(answer.cookies), ann.jar.size]).toEqual([status, [NAME], 0]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    if (path === "/") expect(shown(answer.text, "page")).toBe("Hello, stranger");
  });

  it("knows nobody on a page that a rule caches, and puts no cookie on it", async () => {
    const ann = client();
    await ann.post("/login");
    const first = await ann.get("/cached");
    expect(shown(first.text, "page")).toMatch(/ for everybody$/);
    for (const each of [await late(), client()]) {
      const answer = await each.get("/cached");
      expect([shown(answer.text, "page"), answer.cookies]).toEqual([shown(first.text, "page"), []]);
    }
  });

  it("takes the client's address by trustProxy", async () => {
    const ann = client({ "x-forwarded-for": "198.51.100.1, 203.0.113.9" });
    await ann.post("/login?name=cid");
    const [device] = (await ann.get("/devices")).json() as SessionJson[];
    expect(device?.ip).toBe("203.0.113.9");
  });

  it("says 503 while the store does not answer, and logs nobody out", async () => {
    const ann = client();
    await ann.post("/login");
    await ann.post("/outage?on");
    try {
      for (const path of ["/api/hello", "/account/session"]) {
        const answer = await ann.get(path);
        expect([answer.status, answer.cookies, answer.json()], path).toEqual([
          503,
          [],
          { error: "unavailable" },
        ]);
      }
      const page = await ann.get("/");
      expect([shown(page.text, "page"), page.cookies]).toEqual(["Hello, stranger", []]);
    } finally {
      await ann.post("/outage");
    }
    expect(shown((await ann.get("/")).text, "page")).toBe("Hello, ann");
  });

  it(
    "compiles with the types that Nuxt has made for its server",
    () => compile(NUXT, ".nuxt/tsconfig.server.json"),
    60_000,
  );
});
