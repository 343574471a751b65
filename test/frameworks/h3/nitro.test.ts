// Nitro 3 as `nitro build` leaves it: an app in Nitro's own layout runs as a process, and a second app passes
// the contract.
import { setTimeout as delay } from "node:timers/promises";
import type { SessionJson } from "sessionup";
import { type H3Context, h3Sessions } from "sessionup/h3";
import { sessionRoutes } from "sessionup/routes";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { type Example, walk } from "../../support/walk.ts";
import { compile } from "../build.ts";
import { names } from "../running.ts";
import { toStream } from "../stream.ts";
import { buildNitroApps, NITRO, type NitroSite, serveNitro, startNitro } from "./_nitro.ts";

const NAME = "__Host-sessionup";

let example: Example | undefined;
beforeAll(async () => {
  await buildNitroApps();
  example = await startNitro();
}, 600_000);
afterAll(() => example?.stop());

const client = (headers?: Record<string, string>) => new ContractClient(example?.origin ?? "", headers);

/** Uses the guards and the ready-made routes as middleware, and one route with the handlers of all paths. */
function contractSite({ manager, admins, reject, routes }: ContractApp<H3Context>): NitroSite {
  const sessions = h3Sessions(manager);
  const adminSessions = h3Sessions(admins);
  const throwing = h3Sessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const account = sessionRoutes(sessions, { path: "/account" });
  const all = routes(sessions, adminSessions);
  const findRoute = ({ req, url }: H3Context) => {
    const method = req.method === "HEAD" ? "GET" : req.method;
    return all.find((route) => route.method === method && route.path === url.pathname);
  };
  return {
    onResponse: sessions.onResponse,
    middleware: (event, next) =>
      account(event, () => {
        const { guard, options } = findRoute(event) ?? {};
        return guard ? guards[guard](options)(event, next) : next();
      }),
    async handler(event, { redirect, setCookie }) {
      const route = findRoute(event);
      if (!route) return new Response(null, { status: 404 });
      const reply = await route.run(event, event.url.searchParams);
      if (reply.cookie) setCookie(event, ...(reply.cookie as [string, string]));
      for (const [name, value] of Object.entries(reply.headers ?? {})) event.res.headers.set(name, value);
      if (reply.failure) throw reply.failure;
      return reply.redirect ? redirect(reply.redirect, 303) : toBody(reply);
    },
  };
}

function toBody({ status = 200, json, stream }: ContractReply): unknown {
  return stream ? toStream(stream) : Response.json(json ?? null, { status });
}

describe("sessionup/h3 in a Nitro 3 build", () => {
  adapterContract({ describe, it }, { start: (app) => serveNitro(contractSite(app)) });
});

describe("a built Nitro 3 app", () => {
  it("a user logs in on two browsers, ends one session from the other, and logs out", async () => {
    const devices = await walk(example?.origin ?? "");
    expect(devices.map(({ ip }) => ip)).toEqual(["127.0.0.1", "127.0.0.1"]);
  });

  it("middleware guards a folder of routes, and the ready-made routes answer under their path", async () => {
    const ann = client();
    for (const path of ["/private/hello", "/account/session"]) {
      const answer = await ann.get(path);
      expect([answer.status, answer.json()], path).toEqual([
        401,
        { error: "unauthorized", reason: "no_cookie" },
      ]);
    }
    await ann.post("/login");
    expect((await ann.get("/private/hello")).text).toBe("Hello, ann");
    expect((await ann.get("/account/session")).json()).toMatchObject({ userKey: "ann" });
    expect((await ann.post("/account/logout")).status).toBe(204);
    expect(ann.jar.size).toBe(0);
  });

  it.each([
    ["a string", 200, "welcome"],
    ["throw", 500, ""],
    ["HTTPError", 409, "the name is taken"],
    ["redirect", 303, ""],
    ["Response.redirect", 303, ""],
    ["stream", 200, "one two three"],
  ])(
    "a response to a login that ends with %s has the cookie once, with no-store",
    async (then, status, text) => {
      const ann = client();
      const answer = await ann.post(`/login?then=${then}`);
      expect([answer.status, names(answer.cookies)]).toEqual([status, [NAME]]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.text).toContain(text);
      expect((await ann.get("/private/hello")).text).toBe("Hello, ann");
    },
  );

  it("the cookie of an expired session is cleared, also when no route matches", async () => {
    const ann = client();
    await ann.post("/login?expiresIn=1s");
    await delay(1_100);
    const answer = await ann.get("/nowhere");
    expect([answer.status, names(answer.cookies), ann.jar.size]).toEqual([404, [NAME], 0]);
  });

  it("HEAD requests are answered like GET, without a body", async () => {
    const ann = client();
    expect((await ann.send("HEAD", "/private/hello")).status).toBe(401);
    await ann.post("/login");
    const answer = await ann.send("HEAD", "/private/hello");
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  it("trustProxy decides the client's address", async () => {
    const ann = client({ "x-forwarded-for": "198.51.100.1, 203.0.113.9" });
    await ann.post("/login?name=cid");
    const [device] = (await ann.get("/devices")).json() as SessionJson[];
    expect(device?.ip).toBe("203.0.113.9");
  });

  it("a handler's cache holds no cookie, and a response that sets a cookie is not cached downstream", async () => {
    const ann = client();
    expect((await ann.get("/cached")).text).toBe("made 1 times");
    await ann.post("/login?expiresIn=1s");
    await delay(1_100);
    const cleared = await ann.get("/cached");
    expect([cleared.text, names(cleared.cookies)]).toEqual(["made 1 times", [NAME]]);
    expect(cleared.headers.get("cache-control")).toBe("no-store");
    const after = await client().get("/cached");
    expect([after.text, after.cookies]).toEqual(["made 1 times", []]);
  });

  // When Nitro changes this, update docs/frameworks/h3.md.
  it("route rules that cache skip the folder's middleware, and a guard on the handler finds no session", async () => {
    const ann = client();
    await ann.post("/login");
    for (const each of [ann, client()]) {
      expect((await each.get("/ruled")).status).toBe(401);
      const answer = await each.get("/private/ruled");
      expect([answer.text, answer.cookies]).toEqual(["for every user", []]);
    }
  });

  it("store outages answer 503 and log out no user", async () => {
    const ann = client();
    await ann.post("/login");
    await ann.post("/outage?on");
    try {
      for (const path of ["/devices", "/private/hello", "/account/session"]) {
        const answer = await ann.get(path);
        expect([answer.status, answer.cookies, answer.json()], path).toEqual([
          503,
          [],
          { error: "unavailable" },
        ]);
      }
      expect((await ann.get("/")).text).toBe("Hello, stranger");
    } finally {
      await ann.post("/outage");
    }
    expect((await ann.get("/private/hello")).text).toBe("Hello, ann");
  });

  it("the app compiles with Nitro's own types", () => compile(NITRO), 60_000);
});
