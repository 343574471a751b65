import { createServer, type ServerResponse } from "node:http";
import { Manager, SessionError, type Store } from "sessionup";
import { nodeSessions } from "sessionup/node";
import { listen } from "../../support/listen.ts";

/** Called once, before the next operation of a given name. */
type Ambush = () => unknown;

/** The app under test. It is never restarted, so it has to recover from outages by itself. */
export interface OutageApp {
  readonly origin: string;
  /** Calls `ambush` before the next such operation, to make the network fail in the middle of a request. */
  ambush(operation: keyof Store, ambush: Ambush): void;
  /** Moves the manager's clock forward. */
  advance(milliseconds: number): void;
  close(): Promise<void>;
}

export async function startApp(store: Store): Promise<OutageApp> {
  const ambushes = new Map<PropertyKey, Ambush>();
  let later = 0;
  const manager = new Manager(ambushed(store, ambushes), { clock: () => Date.now() + later });
  const sessions = nodeSessions(manager);
  const guards = { public: sessions.public(), auth: sessions.auth() };

  const routes: Readonly<Record<string, Route>> = {
    login: { run: async (res, user) => ({ user, id: (await sessions.init(res, user)).id }) },
    public: { guard: "public", run: async (res) => ({ user: sessions.current(res)?.userKey ?? null }) },
    me: { guard: "auth", run: async (res) => ({ user: sessions.require(res).userKey }) },
    logout: {
      run: async (res) => {
        await sessions.revoke(res);
        return {};
      },
    },
    devices: {
      guard: "auth",
      run: async (res) => {
        const devices = await sessions.fetchAll(res);
        return { user: sessions.require(res).userKey, ids: devices.map(({ id }) => id) };
      },
    },
    "revoke-others": { guard: "auth", run: async (res) => ({ ids: await sessions.revokeOther(res) }) },
  };

  const server = createServer(async (req, res) => {
    const [, name = "", user = ""] = (req.url ?? "").split("/");
    const route = routes[name];
    if (!route) return void res.writeHead(404).end();
    const handle = async (error?: unknown) => {
      try {
        if (error) throw error;
        send(res, 200, await route.run(res, decodeURIComponent(user)));
      } catch (failure) {
        const status = SessionError.is(failure) ? failure.status : 500;
        if (status === 503) res.setHeader("retry-after", "5");
        send(res, status, { error: String(failure) });
      }
    };
    if (route.guard) await guards[route.guard](req, res, (error) => void handle(error));
    else await handle();
  });
  const { origin, close } = await listen(server);
  return {
    origin,
    close,
    ambush: (operation, ambush) => void ambushes.set(operation, ambush),
    advance: (milliseconds) => {
      later += milliseconds;
    },
  };
}

interface Route {
  readonly guard?: "public" | "auth";
  run(res: ServerResponse, user: string): Promise<object>;
}

function send(res: ServerResponse, status: number, body: object): void {
  res.statusCode = status;
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify(body));
}

function ambushed(store: Store, ambushes: Map<PropertyKey, Ambush>): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...given: unknown[]) => {
        const ambush = ambushes.get(name);
        ambushes.delete(name);
        await ambush?.();
        return member.apply(target, given);
      };
    },
  });
}
