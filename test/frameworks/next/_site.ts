import { Manager, type ManagerOptions } from "sessionup";
import { type NextSessions, type NextSessionsOptions, nextSessions } from "sessionup/next";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import type { NextApp, NextParts, RunningNext } from "./_app.ts";

/** The parts from which a test builds its handlers. A handler is bare unless the test wraps it. */
export interface Made {
  readonly sessions: NextSessions;
  readonly parts: NextParts;
}
export type Handlers = Readonly<
  Record<string, (request: Request, context: { params: Promise<unknown> }) => unknown>
>;

/**
 * Serves handlers under /x, by the last part of their path. Returns a client, and the manager of their
 * sessions.
 */
export function serving(
  next: RunningNext,
  handlers: (made: Made) => Handlers,
  { manager: given = {}, ...options }: Partial<NextSessionsOptions> & { manager?: ManagerOptions } = {},
): { client: ContractClient; manager: Manager } {
  const manager = new Manager(memoryStore(), given);
  next.serve((parts) => {
    const sessions = nextSessions(manager, { headers: parts.headers, cookies: parts.cookies, ...options });
    const made = handlers({ sessions, parts });
    return {
      handle: (request, context) =>
        made[new URL(request.url).pathname.replace("/x/", "")]?.(request, context) as Response,
      account: sessionRoutes(sessions, { path: "/account" }),
    };
  });
  return { client: new ContractClient(next.origin), manager };
}

/**
 * An app whose pages show the result of `show`, by default the user, and whose Route Handler at /login logs
 * in.
 */
export class Site {
  readonly clock = new TestClock();
  readonly store = new SwitchableStore();
  readonly manager = new Manager(this.store, { clock: this.clock.now, idleTimeout: "30m" });

  readonly #origin: string;

  constructor(next: RunningNext, app: (sessions: NextSessions, parts: NextParts) => NextApp = () => ({})) {
    this.#origin = next.origin;
    next.serve((parts) => {
      const sessions = nextSessions(this.manager, { headers: parts.headers, cookies: parts.cookies });
      return {
        show: () => who(sessions),
        handle: async (request) => {
          const user = new URL(request.url).searchParams.get("user");
          if (user) await sessions.init(user);
          return new Response(await who(sessions));
        },
        ...app(sessions, parts),
      };
    });
  }

  client(): ContractClient {
    return new ContractClient(this.#origin);
  }

  async loggedIn(user = "ann"): Promise<ContractClient> {
    const client = this.client();
    await client.post(`/login?user=${user}`);
    return client;
  }
}

export async function who(sessions: NextSessions): Promise<string> {
  return (await sessions.get())?.userKey ?? "guest";
}

/** Returns "done", or the error of a method as text. */
export async function outcome(result: Promise<unknown>): Promise<string> {
  return result.then(
    () => "done",
    (error) => `${error.code ?? error.name}: ${error.message}`,
  );
}
