import { nextSessions } from "sessionup/next";
import { sessionRoutes } from "sessionup/routes";
import { describe } from "vitest";
import { RunningNext } from "../next/_app.ts";
import { answeringBound, pocketSuite, type StartPocketApp } from "./_suite.ts";

const start: StartPocketApp = async (manager) => {
  const next = await RunningNext.start();
  next.serve(({ headers, cookies }) => {
    const sessions = nextSessions(manager, { headers, cookies });
    const answer = answeringBound(sessions);
    return {
      account: sessionRoutes(sessions, { path: "/account" }),
      handle: sessions.public(async (request: Request) =>
        Response.json(await answer(new URL(request.url).pathname)),
      ),
    };
  });
  return next;
};

// Next.js itself drops the cookies of a Route Handler that throws.
describe("a pocket in a Route Handler of Next.js", () => pocketSuite(start, { keepsCookieOfFailure: false }));
