// Checks the adapter's types against Next.js's own types, as its build does.
import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { type NextProxy, type NextRequest, NextResponse } from "next/server";
import { Manager, typed } from "sessionup";
import { fetchSessions } from "sessionup/fetch";
import { nextSessions } from "sessionup/next";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

type Context = { params: Promise<{ id: string }> };
type RouteHandler = (request: NextRequest, context: Context) => Response | Promise<Response>;

const manager = new Manager(memoryStore());
const sessions = nextSessions(manager, {
  headers,
  cookies,
  peerAddress: (own) => own.get("x-real-ip") ?? undefined,
  reject: ({ status }, { url }) =>
    status === 401 ? redirect(`/login?from=${encodeURIComponent(url)}`) : new Response(null, { status }),
});

export const GET: RouteHandler = sessions.auth(async (request: NextRequest, { params }: Context) => {
  const { id } = await params;
  return NextResponse.json([request.nextUrl.pathname, id]);
});
export const POST: RouteHandler = sessions.public(() => new Response());
export const PUT: RouteHandler = sessions.auth((request) => Response.json(request.url));
export const { HEAD, DELETE }: { HEAD: RouteHandler; DELETE: RouteHandler } = sessionRoutes(sessions, {
  path: "/account",
});

// @ts-expect-error The second argument of a Route Handler is not a number.
export const PATCH: RouteHandler = sessions.auth((_request: NextRequest, _context: number) => new Response());

export const proxy: NextProxy = fetchSessions(manager).auth(() => NextResponse.next());

const typedSessions = nextSessions(new Manager(memoryStore(), { meta: typed<{ theme: string }>() }), {
  headers,
  cookies,
});

export async function action(): Promise<string> {
  await typedSessions.init("ann", { meta: { theme: "dark" } });
  // @ts-expect-error The metadata is required.
  await typedSessions.init("ann");
  return (await typedSessions.require()).meta.theme;
}
