import { sessionRoutes } from "sessionup/routes";
import { type SvelteKitContext, svelteKitSessions } from "sessionup/sveltekit";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import { beforeAll, describe, it } from "vitest";
import { toStream } from "../stream.ts";
import { buildSvelteKitApp, type Major, type MakeSite, serveSvelteKit } from "./build.ts";

/**
 * Creates the contract's app: guards and ready-made routes in the hook, handlers in one endpoint for all
 * paths.
 */
function contractSite({ manager, admins, reject, routes }: ContractApp<SvelteKitContext>): MakeSite {
  return ({ error, redirect, sequence }) => {
    const sessions = svelteKitSessions(manager);
    const adminSessions = svelteKitSessions(admins, { as: "admin" });
    const throwing = svelteKitSessions(manager, { reject }).auth;
    const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
    const all = routes(sessions, adminSessions);
    const findRoute = ({ request, url }: { request: Request; url: URL }) => {
      const method = request.method === "HEAD" ? "GET" : request.method;
      return all.find((route) => route.method === method && route.path === url.pathname);
    };
    return {
      handle: sequence(sessionRoutes(sessions, { path: "/account" }), (input) => {
        const { guard, options } = findRoute(input.event) ?? {};
        return guard ? guards[guard](options)(input) : input.resolve(input.event);
      }),
      async endpoint(event) {
        const route = findRoute(event);
        if (!route) return error(404, "not found");
        const reply = await route.run(event, event.url.searchParams);
        if (reply.headers) event.setHeaders(reply.headers);
        if (reply.failure) throw reply.failure;
        if (reply.cookie) event.cookies.set(...reply.cookie, { path: "/" });
        if (reply.redirect) redirect(303, reply.redirect);
        return toResponse(reply);
      },
    };
  };
}

function toResponse({ status = 200, json, stream }: ContractReply): Response {
  return stream ? new Response(toStream(stream)) : Response.json(json ?? null, { status });
}

describe.each<Major>([3, 2])("sessionup/sveltekit on SvelteKit %i", (major) => {
  beforeAll(() => buildSvelteKitApp(major), 600_000);

  const skip = [
    {
      reason: "without our hook, SvelteKit treats two cookies that differ only in partitioned as one",
      tests: ["previous-cookie/same-name"],
    },
  ];
  adapterContract({ describe, it }, { skip, start: (app) => serveSvelteKit(major, contractSite(app)) });
});
