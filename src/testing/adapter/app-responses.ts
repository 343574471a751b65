import { SessionError } from "../../errors.ts";
import type { Sessions } from "../../http/sessions.ts";
import { type ContractReply, type ContractRoute, requestedUser } from "./route.ts";

/** The headers of a response that every cache may share. */
const CACHED = { "cache-control": "public, max-age=3600" };

/** The ways in which a handler can end, by name. */
const REPLIES: Readonly<Record<string, () => ContractReply>> = {
  json: () => ({ json: {} }),
  redirect: () => ({ redirect: "/private" }),
  stream: () => ({ stream: chunks("one ", "two ", "three") }),
  error: () => ({ failure: new Error("thrown by the handler") }),
};

/** Returns the routes whose handlers end in different ways. Their errors reach the framework unchanged. */
export function responseRoutes<Context>(sessions: Sessions<Context>): readonly ContractRoute<Context>[] {
  return [
    ...loginReplies(sessions),
    ...Object.entries(REPLIES).map(
      ([kind, reply]): ContractRoute<Context> => ({
        method: "GET",
        path: `/private-${kind}`,
        guard: "auth",
        run: async () => reply(),
      }),
    ),
    {
      method: "GET",
      path: "/public-cached",
      guard: "public",
      run: async () => ({ json: {}, headers: CACHED }),
    },
    {
      method: "GET",
      path: "/private-cached",
      guard: "auth",
      run: async () => ({ json: {}, headers: CACHED }),
    },
    {
      method: "GET",
      path: "/reject-throws",
      guard: "throwing",
      run: async () => ({ json: "the handler ran" }),
    },
    { method: "GET", path: "/handler-throws", guard: "public", run: async () => throwUndefined() },
    {
      method: "POST",
      path: "/late",
      run: async (context, query) => ({ stream: callLate(sessions, context, query.get("method") ?? "") }),
    },
  ];
}

/** Throws `undefined`: the `reject` of the guard `throwing`, and a handler that fails in the same way. */
export function throwUndefined(): never {
  throw undefined;
}

/** Returns routes that log in and then end in different ways. */
function loginReplies<Context>(sessions: Sessions<Context>): readonly ContractRoute<Context>[] {
  const login = (path: string, reply: () => ContractReply, guard?: "public"): ContractRoute<Context> => ({
    method: "POST",
    path: `/login-${path}`,
    ...(guard && { guard }),
    async run(context, query) {
      await sessions.init(context, requestedUser(query));
      return reply();
    },
  });
  return [
    login("and-throw", () => {
      throw new Error("thrown after init");
    }),
    login("and-redirect", () => ({ redirect: "/private" })),
    login("and-stream", () => ({ stream: chunks("one ", "two ", "three") })),
    login("beside-cookie", () => ({ json: {}, cookie: ["theme", "dark"] })),
    ...Object.entries(REPLIES).map(([kind, reply]) =>
      login(`cached-${kind}`, () => ({ ...reply(), headers: CACHED }), "public"),
    ),
  ];
}

async function* chunks(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    yield text;
  }
}

/** Calls a method that sets a cookie after the headers of the response were sent. */
async function* callLate<Context>(
  sessions: Sessions<Context>,
  context: Context,
  name: string,
): AsyncGenerator<string> {
  yield "head ";
  await new Promise((resolve) => setTimeout(resolve, 20));
  const method = name as "revoke" | "revokeAll" | "rotate" | "reauthenticate" | "init";
  try {
    await (method === "init" ? sessions.init(context, "ann") : sessions[method](context));
    yield "done";
  } catch (error) {
    yield SessionError.is(error) ? error.code : String(error);
  }
}
