import { Manager, type SessionJson } from "sessionup";
import { type NextSessions, type NextSessionsOptions, nextSessions } from "sessionup/next";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContractClient } from "../../../src/testing/adapter/client.ts";
import { PEER, RunningNext } from "./_app.ts";
import { type Handlers, type Made, serving } from "./_site.ts";

let next: RunningNext;
beforeAll(async () => {
  next = await RunningNext.start();
}, 180_000);
afterAll(() => next?.close());

describe("the client address in nextSessions", () => {
  const devices = ({ sessions }: Made): Handlers => ({
    login: async () => Response.json(await sessions.init("ann")),
  });
  const loginAddress = async (client: ContractClient, headers: Record<string, string> = {}) =>
    ((await client.post("/x/login", headers)).json() as SessionJson).ip;

  it("the address is unknown by default, because a client can forge every source that Next.js has", async () => {
    const { client } = serving(next, devices);
    expect(await loginAddress(client)).toBeUndefined();
    expect(
      await loginAddress(client, { "x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9" }),
    ).toBeUndefined();
  });

  it("peerAddress provides the address", async () => {
    const { client } = serving(next, devices, { peerAddress: (headers) => headers.get(PEER) ?? undefined });
    expect(await loginAddress(client, { [PEER]: "203.0.113.9", "x-forwarded-for": "203.0.113.9" })).toBe(
      "127.0.0.1",
    );
  });

  it("trustProxy reads the address from X-Forwarded-For", async () => {
    const { client } = serving(next, devices, { manager: { trustProxy: 1 } });
    expect(await loginAddress(client, { "x-forwarded-for": "198.51.100.1, 203.0.113.9" })).toBe(
      "203.0.113.9",
    );
    // Next.js adds the header itself when the request has none.
    expect(await loginAddress(client)).toBe("127.0.0.1");
  });
});

describe("sessionRoutes on Next.js", () => {
  it("Next.js answers OPTIONS requests and methods that the routes do not export", async () => {
    const { client } = serving(next, () => ({}));
    expect((await client.send("PUT", "/account/session")).status).toBe(405);
    const options = await client.send("OPTIONS", "/account/session");
    expect([options.status, options.headers.get("allow")]).toEqual([204, "DELETE, GET, HEAD, OPTIONS, POST"]);
  });

  it("sessionRoutes rejects an invalid path", () => {
    const { headers, cookies } = { headers: async () => new Headers(), cookies: async () => ({}) as never };
    const sessions = nextSessions(new Manager(memoryStore()), { headers, cookies });
    expect(() => sessionRoutes(sessions, { path: "account/" })).toThrow("sessionRoutes.path");
  });
});

describe("nextSessions", () => {
  it("nextSessions accepts Next.js's functions, but not their promises", () => {
    const manager = new Manager(memoryStore());
    const headers = async () => new Headers();
    const wrong = (options: unknown) => () => nextSessions(manager, options as NextSessionsOptions);
    expect(wrong(undefined)).toThrow(TypeError);
    expect(wrong({ headers })).toThrow(/import \{ cookies, headers \} from "next\/headers"/);
    expect(wrong({ headers: headers(), cookies: headers })).toThrow(/next\/headers/);
    expect(wrong({ headers, cookies: headers, rejct: () => {} })).toThrow("rejct");
  });

  it("a call outside a request throws Next.js's own error", async () => {
    let stray: NextSessions | undefined;
    const { client } = serving(next, ({ sessions }) => {
      stray = sessions;
      return { any: () => new Response() };
    });
    await client.get("/x/any");
    await expect(stray?.get()).rejects.toThrow("outside a request scope");
  });
});
