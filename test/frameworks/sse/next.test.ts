import { nextSessions } from "sessionup/next";
import { sessionRoutes } from "sessionup/routes";
import { describe } from "vitest";
import { RunningNext } from "../next/_app.ts";
import { type StartStreamApp, streamSuite } from "./_suite.ts";

const start: StartStreamApp = async ({ manager, open }) => {
  const next = await RunningNext.start();
  next.serve(({ headers, cookies }) => {
    const sessions = nextSessions(manager, { headers, cookies });
    const events = sessions.auth(async () => (await open(sessions)).toResponse());
    return {
      account: sessionRoutes(sessions, { path: "/account" }),
      async handle(request) {
        if (new URL(request.url).pathname === "/events") return events(request);
        await sessions.init("ann");
        return new Response();
      },
    };
  });
  return next;
};

describe("an event stream of a Route Handler of Next.js", () => streamSuite(start));
