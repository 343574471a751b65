import { type Actions, error, type RequestEvent, redirect, type ServerLoad } from "@sveltejs/kit";
import { sequence } from "@sveltejs/kit/hooks";
import { Manager, type Session, typed } from "sessionup";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { svelteKitSessions } from "sessionup/sveltekit";

// SvelteKit 2 and 3 export this type from different modules.
type Handle = Parameters<typeof sequence>[number];

// Declares the types as an app does in its app.d.ts.
declare global {
  namespace App {
    interface Locals {
      session: Session | undefined;
      readonly admin: Session<{ role: string }> | undefined;
    }
  }
}

const sessions = svelteKitSessions(new Manager(memoryStore()), {
  reject: (rejection, event: RequestEvent) => {
    if (rejection.status === 401) redirect(303, `/login?from=${event.route.id}`);
    return error(rejection.status, { message: "please try again" });
  },
});
const admins = svelteKitSessions(new Manager(memoryStore(), { meta: typed<{ role: string }>() }), {
  as: "admin",
  reject: (rejection) => new Response(null, { status: rejection.status }),
});

const own: Handle = ({ event, resolve }) => {
  event.locals.session?.userKey satisfies string | undefined;
  return resolve(event);
};

const users: Handle = sessions.auth();
export const handle: Handle = sequence(
  sessions.public(),
  admins.public(),
  sessionRoutes(sessions, { path: "/account" }),
  own,
  (input) => (input.event.route.id?.startsWith("/(private)") ? users(input) : input.resolve(input.event)),
);

export const load: ServerLoad = async (event) => {
  const session: Session = await sessions.guard(event);
  const admin: Session<{ role: string }> = admins.require(event);
  // @ts-expect-error there may be no session
  event.locals.session.userKey;
  return { userKey: session.userKey, role: admin.meta.role, session: event.locals.session?.toJSON() };
};

export const actions: Actions = {
  login: async (event) => {
    await sessions.init(event, "ann");
    // @ts-expect-error the metadata is required
    await admins.init(event, "root");
    await admins.init(event, "root", { meta: { role: "owner" } });
    redirect(303, "/");
  },
};

export async function GET(event: RequestEvent): Promise<Response> {
  return Response.json(await sessions.fetchAll(event));
}
