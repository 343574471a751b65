import { Manager, type Store } from "sessionup";
import { fetchSessions } from "sessionup/fetch";
import { sessionRoutes } from "sessionup/routes";

/** Creates the app for any platform with `Request` and `Response`, with a store of that platform. */
export function createApp<Platform>(
  store: Store,
  peerAddress: (request: Request, platform: Platform) => string | undefined,
): (request: Request, platform: Platform) => Promise<Response> {
  const sessions = fetchSessions(new Manager(store, { idleTimeout: "30m" }), { peerAddress });
  const account = sessionRoutes(sessions, { path: "/account" });
  const routes: Readonly<Record<string, ReturnType<typeof sessions.public>>> = {
    "GET /": sessions.public(({ session }) => new Response(`Hello, ${session?.userKey ?? "stranger"}\n`)),
    // A real app checks a password first.
    "POST /login": sessions.public(async (context) => {
      await sessions.init(context, new URL(context.request.url).searchParams.get("name") || "ann");
      return new Response("welcome\n");
    }),
    "GET /devices": sessions.auth(async (context) => Response.json(await sessions.fetchAll(context))),
    "POST /logout": sessions.public(async (context) => {
      await sessions.revoke(context);
      return new Response("goodbye\n");
    }),
  };
  return async (request, platform) => {
    const route = routes[`${request.method} ${new URL(request.url).pathname}`] ?? account;
    return (await route(request, platform)) ?? new Response("not found\n", { status: 404 });
  };
}
