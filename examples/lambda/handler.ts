import { Manager } from "sessionup";
import { type LambdaEvent, type LambdaResult, lambdaSessions } from "sessionup/lambda";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

// On AWS, each instance of the function has separate memory. Use the store of your database there.
const sessions = lambdaSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));
const account = sessionRoutes(sessions, { path: "/account" });

const routes: Readonly<Record<string, (event: LambdaEvent) => Promise<unknown>>> = {
  "GET /": sessions.public(({ session }) => text(`Hello, ${session?.userKey ?? "stranger"}\n`)),
  // A real app checks a password first.
  "POST /login": sessions.public(async (context) => {
    await sessions.init(context, context.event.queryStringParameters?.name || "ann");
    return text("welcome\n");
  }),
  "GET /devices": sessions.auth((context) => sessions.fetchAll(context)),
  "POST /logout": sessions.public(async (context) => {
    await sessions.revoke(context);
    return text("goodbye\n");
  }),
};

/** The entry point that Lambda calls. */
export async function handler(event: LambdaEvent): Promise<unknown> {
  const route = routes[`${event.requestContext.http.method} ${event.rawPath}`];
  return (await (route ?? account)(event)) ?? text("not found\n", 404);
}

function text(body: string, statusCode = 200): LambdaResult {
  return { statusCode, headers: { "content-type": "text/plain" }, body };
}
