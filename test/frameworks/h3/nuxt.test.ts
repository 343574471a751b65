// Nuxt 5 (nightly builds). Its API routes are Nitro's, and nitro.test.ts runs the contract on those. These
// tests cover what Nuxt adds: pages, the requests that pages send while they render, and Nuxt's error
// handler.
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

/** Returns the text of one paragraph of the page. */
const shown = (page: string, id: string) => new RegExp(`<p id="${id}">([^<]*)</p>`).exec(page)?.[1];

/** Returns a client whose session has expired. */
async function createExpiredClient(): Promise<ContractClient> {
  const ann = client();
  await ann.post("/login?expiresIn=1s");
  await delay(1_100);
  return ann;
}

describe("a built Nuxt 5 app", () => {
  it("a user logs in on two browsers, ends one session from the other, and logs out", async () => {
    await walk(example?.origin ?? "");
  });

  it("a page and the API that the page fetches both know the user", async () => {
    const ann = client();
    const stranger = (await ann.get("/")).text;
    expect([shown(stranger, "page"), shown(stranger, "fetched")]).toEqual(["Hello, stranger", ""]);
    await ann.post("/login");
    const page = (await ann.get("/")).text;
    expect([shown(page, "page"), shown(page, "fetched")]).toEqual(["Hello, ann", "ann"]);
    expect((await ann.get("/private")).text).toContain("in private");
    // The page's payload contains no part of the cookie.
    for (const part of ann.token().split(".")) expect(page).not.toContain(part);
  });

  it("a cookie that the app's API sets while a page renders does not reach the browser", async () => {
    const answer = await client().get("/inner");
    expect([shown(answer.text, "page"), answer.cookies]).toEqual(["the login was a success", []]);
  });

  it("the API rejects an unauthenticated request, and the ready-made routes answer", async () => {
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
    ["a string", {}, 200],
    ["throw", {}, 500],
    ["throw", html, 500],
    ["HTTPError", {}, 409],
    ["HTTPError", html, 409],
    ["redirect", {}, 303],
    ["Response.redirect", {}, 303],
    ["stream", {}, 200],
  ])(
    "a response to a login that ends with %s, requested with %j, has the cookie once, with no-store",
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
  ])("a page clears the cookie of an expired session: %s, %i", async (path, status) => {
    const ann = await createExpiredClient();
    const answer = await ann.get(path, html);
    expect([answer.status, names(answer.cookies), ann.jar.size]).toEqual([status, [NAME], 0]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    if (path === "/") expect(shown(answer.text, "page")).toBe("Hello, stranger");
  });

  it("a page that a rule caches finds no session and sets no cookie", async () => {
    const ann = client();
    await ann.post("/login");
    const first = await ann.get("/cached");
    expect(shown(first.text, "page")).toMatch(/ for every user$/);
    for (const each of [await createExpiredClient(), client()]) {
      const answer = await each.get("/cached");
      expect([shown(answer.text, "page"), answer.cookies]).toEqual([shown(first.text, "page"), []]);
    }
  });

  it("trustProxy decides the client's address", async () => {
    const ann = client({ "x-forwarded-for": "198.51.100.1, 203.0.113.9" });
    await ann.post("/login?name=cid");
    const [device] = (await ann.get("/devices")).json() as SessionJson[];
    expect(device?.ip).toBe("203.0.113.9");
  });

  it("store outages answer 503 and log out no user", async () => {
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
    "the app compiles with the types that Nuxt generates for its server",
    () => compile(NUXT, ".nuxt/tsconfig.server.json"),
    60_000,
  );
});
