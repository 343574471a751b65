// h3 1, and so Nitro 2, Nuxt 3 and Nuxt 4: sessionup/node, whose context is the event's `node.res`, in a
// Nitro 2 build.

import { Manager } from "sessionup";
import { type NodeContext, nodeSessions } from "sessionup/node";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { adapterContract, type ContractApp } from "sessionup/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { toStream } from "../stream.ts";
import { buildNitro2, type Nitro2Site, type OldEvent, serveNitro2 } from "./_nitro-2.ts";

beforeAll(() => buildNitro2(), 600_000);

function contractSite({ manager, admins, reject, routes }: ContractApp<NodeContext>): Nitro2Site {
  const sessions = nodeSessions(manager);
  const adminSessions = nodeSessions(admins);
  const throwing = nodeSessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const account = sessionRoutes(sessions, { path: "/account" });
  const all = routes(sessions, adminSessions);
  const parseUrl = (event: OldEvent) => new URL(event.path, "http://localhost");
  const findRoute = (event: OldEvent) => {
    const method = event.method === "HEAD" ? "GET" : event.method;
    return all.find((route) => route.method === method && route.path === parseUrl(event).pathname);
  };
  return {
    async middleware(event, { through }) {
      await through(account)(event);
      const { guard, options } = findRoute(event) ?? {};
      if (guard && !event.node.res.writableEnded) await through(guards[guard](options))(event);
    },
    async handler(event, { createError, sendRedirect, setCookie, setResponseStatus }) {
      const route = findRoute(event);
      if (!route) throw createError({ statusCode: 404 });
      const {
        status,
        json,
        redirect,
        stream,
        cookie,
        headers = {},
        failure,
      } = await route.run(event.node.res, parseUrl(event).searchParams);
      for (const [name, value] of Object.entries(headers)) event.node.res.setHeader(name, value);
      if (failure) throw failure;
      if (cookie) setCookie(event, ...(cookie as [string, string]));
      if (status) setResponseStatus(event, status);
      if (redirect) return sendRedirect(event, redirect, 303);
      return stream ? toStream(stream) : (json ?? null);
    },
  };
}

describe("sessionup/node in a Nitro 2 build", () => {
  const skip = [
    {
      reason: "h3 1 never responds when a handler throws undefined",
      tests: ["thrown-undefined/handler"],
    },
  ];
  adapterContract({ describe, it }, { skip, start: (app) => serveNitro2(contractSite(app)) });

  describe("a reject that throws", () => {
    const sessions = nodeSessions(new Manager(memoryStore()), {
      reject: () => {
        throw new Error("the template is missing");
      },
    });

    async function request(middleware: Nitro2Site["middleware"]): Promise<readonly [number, string]> {
      const { origin, close } = await serveNitro2({ middleware, handler: () => "private page" });
      try {
        const { status, text } = await new ContractClient(origin).get("/");
        return [status, text];
      } finally {
        await close();
      }
    }

    it("the handler does not run when reject throws", async () => {
      const [status, text] = await request((event, { through }) => through(sessions.auth())(event));
      expect([status, text.includes("private")]).toEqual([500, false]);
    });

    // h3's behaviour, not ours. If h3 fixes it, docs/frameworks/h3.md no longer needs its warning.
    it("the handler runs with h3's fromNodeMiddleware, which ignores the error that reject throws", async () => {
      const answer = await request((event, { fromNodeMiddleware }) =>
        fromNodeMiddleware(sessions.auth())(event),
      );
      expect(answer).toEqual([200, "private page"]);
    });
  });
});
