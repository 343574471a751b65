import type { Session, Sessions } from "sessionup";
import { initBearer } from "sessionup/bearer";
import { type NextHandler, type NextSessions, nextSessions } from "sessionup/next";
import { sessionRoutes } from "sessionup/routes";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type NextApp, type NextParts, PEER, RunningNext } from "./_app.ts";
import type { NextMajor } from "./build.ts";

/** The context that the contract passes on, because Next.js has none. */
interface Bridge {
  session?: Session | undefined;
  rejection?: unknown;
}

/**
 * Adapts the methods without a context to the contract's. `current` and `require` return the result of the
 * last `get`.
 */
function bridged(own: NextSessions): Sessions<Bridge> {
  const settle = <Result>(bridge: Bridge, result: Promise<Result>) => settleFor(own, bridge, result);
  return {
    init: (bridge, userKey, options) => settle(bridge, own.init(userKey, options)),
    current: ({ session }) => session,
    require({ session, rejection }) {
      if (session) return session;
      throw rejection;
    },
    get: (bridge) => settle(bridge, own.get()),
    fetchAll: (bridge) => settle(bridge, own.fetchAll()),
    revoke: (bridge) => settle(bridge, own.revoke()),
    revokeOther: (bridge) => settle(bridge, own.revokeOther()),
    revokeAll: (bridge) => settle(bridge, own.revokeAll()),
    revokeOwn: (bridge, id) => settle(bridge, own.revokeOwn(id)),
    rotate: (bridge) => settle(bridge, own.rotate()),
    reauthenticate: (bridge, options) => settle(bridge, own.reauthenticate(options)),
    updateMeta: (bridge, update) => settle(bridge, own.updateMeta(update)),
  };
}

async function settleFor<Result>(
  own: NextSessions,
  bridge: Bridge,
  result: Promise<Result>,
): Promise<Result> {
  try {
    return await result;
  } finally {
    await load(own, bridge);
  }
}

async function load(own: NextSessions, bridge: Bridge): Promise<void> {
  try {
    bridge.session = await own.require();
  } catch (error) {
    bridge.session = undefined;
    bridge.rejection = error;
  }
}

function contractApp(
  { manager, admins, reject, routes }: ContractApp<Bridge>,
  { headers, cookies }: NextParts,
): NextApp {
  const given = {
    headers,
    cookies,
    peerAddress: (own: { get(name: string): string | null }) => own.get(PEER) ?? undefined,
  };
  const sessions = nextSessions(manager, given);
  const adminSessions = nextSessions(admins, given);
  const throwing = nextSessions(manager, { ...given, reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const handlers = new Map<string, NextHandler<Request, readonly unknown[]>>();
  const all = routes(bridged(sessions), bridged(adminSessions), {
    logIn: (bridge, ...rest) => settleFor(sessions, bridge, initBearer(sessions, ...rest)),
  });
  for (const { method, path, guard, options, run } of all) {
    // Routes without a guard are wrapped too, so that the adapter knows when their response has left.
    const handler = guards[guard ?? "public"](async (request) => {
      const bridge: Bridge = {};
      if (guard) await load(guard === "admin" ? adminSessions : sessions, bridge);
      const reply = await run(bridge, new URL(request.url).searchParams);
      if (reply.cookie) (await cookies()).set(...(reply.cookie as [string, string]));
      return answer(reply);
    }, options);
    handlers.set(`${method} ${path}`, handler);
  }
  return {
    account: sessionRoutes(sessions, { path: "/account" }),
    async handle(request) {
      const method = request.method === "HEAD" ? "GET" : request.method;
      const handler = handlers.get(`${method} ${new URL(request.url).pathname}`);
      return handler ? handler(request) : new Response(null, { status: 404 });
    },
  };
}

function answer({ status = 200, json, redirect, stream, headers = {}, failure }: ContractReply): Response {
  if (failure) throw failure;
  if (redirect) return new Response(null, { status: 303, headers: { ...headers, location: redirect } });
  if (stream) return new Response(toFilledStream(stream), { headers });
  return Response.json(json ?? null, { status, headers });
}

/** Returns a stream that the handler itself fills: Next.js loses the request's scope in a pulled stream. */
function toFilledStream(texts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      const fill = async () => {
        for await (const text of texts) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      };
      void fill();
    },
  });
}

const skip = [
  {
    reason: "nextSessions has no current(): every method loads the session itself",
    tests: ["methods/not-loaded"],
  },
  {
    reason: "nextSessions takes no context",
    tests: ["methods/wrong-context"],
  },
  {
    reason:
      "Next.js drops the cookies of a Route Handler that throws; the app has to catch the error and return a Response",
    tests: ["cookie-delivery/thrown-error", "caching/cookie-error", "caching/auth-error"],
  },
  {
    reason: "Next.js computes Expires from Max-Age and the machine's clock; handlers.test.ts covers it",
    tests: ["init/persistent-cookie"],
  },
  {
    reason: "Next.js sets one cookie per name: the last one, which is the current cookie",
    tests: ["previous-cookie/same-name"],
  },
];

/**
 * Runs the adapter's contract on a major version of Next.js. Next.js changes globals, so each process runs
 * one version.
 */
export function nextContract(major: NextMajor): void {
  describe(`sessionup/next on Next.js ${major}`, () => {
    let next: RunningNext;
    beforeAll(async () => {
      next = await RunningNext.start(major);
    }, 600_000);
    afterAll(() => next?.close());

    adapterContract<Bridge>(
      { describe, it },
      {
        skip,
        start: async (app) => {
          next.serve((parts) => contractApp(app, parts));
          return { origin: next.origin, close: async () => {} };
        },
      },
    );
  });
}
