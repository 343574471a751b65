import { createServer, type Server } from "node:http";
import express5, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import express4 from "express4";
import { Manager, type ManagerOptions, typed } from "sessionup";
import { type ExpressSessions, expressSessions } from "sessionup/express";
import {
  type ExpressSessionMiddleware,
  type ExpressSessionOptions,
  expressSession,
  type RequestSession,
  type SessionData,
} from "sessionup/express-session";
import { GatedStore } from "../../support/gated-store.ts";
import { listen } from "../../support/listen.ts";
import { Browser } from "./_browser.ts";

/** The majors of Express. */
export const EXPRESS: ReadonlyMap<string, () => Express> = new Map([
  ["Express 5", express5],
  ["Express 4", express4 as unknown as () => Express],
]);

/** A request behind the middleware. */
export type SessionRequest = Omit<Request, "session"> & {
  session: RequestSession & { [key: string]: unknown };
  readonly sessionID: string;
};

export type Handler = (req: SessionRequest, res: Response, next: (error?: unknown) => void) => unknown;
type Data = SessionData | undefined;

/** The parts of a site that a test changes. */
export interface SiteOptions {
  readonly express?: () => Express;
  readonly manager?: Omit<ManagerOptions<Data>, "meta">;
  readonly meta?: ManagerOptions<Data>["meta"];
  readonly session?: ExpressSessionOptions;
  /** Adds middleware before that of the session. */
  readonly before?: (app: Express) => void;
  readonly clock?: () => number;
}

/** A running site. */
export interface Site extends AsyncDisposable {
  readonly store: GatedStore;
  readonly manager: Manager<Data>;
  readonly sessions: ExpressSessions<Data>;
  readonly middleware: ExpressSessionMiddleware;
  readonly server: Server;
  readonly origin: string;
  /** The errors that reached Express's error handler. */
  readonly errors: unknown[];
  open(): Browser;
  /** The writes to the store so far. */
  writes(): readonly string[];
}

/** The cookies of a site, as they are sent. */
export const USER = "__Host-sessionup";
export const VISITOR = "__Host-visitor";

/**
 * Starts an app whose handler runs behind `expressSession`. `POST /login` and `POST /logout` sign `user-1` in and out.
 * The error handler answers with the error's status and message.
 */
export async function startSite(handler: Handler, options: SiteOptions = {}): Promise<Site> {
  const { express = express5, clock, before } = options;
  const store = new GatedStore();
  const manager = new Manager<Data>(store, {
    ...options.manager,
    ...(clock && { clock }),
    meta: options.meta ?? typed<Data>(),
  });
  const sessions = expressSessions(manager);
  const middleware = expressSession(sessions, options.session);
  const errors: unknown[] = [];
  const app = express();
  before?.(app);
  app.use(middleware);
  app.post("/login", (req, res, next) => {
    sessions.init(req, "user-1").then(() => res.end("signed in"), next);
  });
  app.post("/logout", (req, res, next) => {
    sessions.revoke(req).then(() => res.end("signed out"), next);
  });
  app.use((req, res, next) => {
    // Express 4 does not catch the rejection of a handler.
    Promise.resolve()
      .then(() => handler(req as unknown as SessionRequest, res, next))
      .catch(next);
  });
  app.use(((error: { status?: number; message?: string }, _req, res, next) => {
    errors.push(error);
    if (res.headersSent) return next(error);
    return res.status(error.status ?? 500).end(error.message);
  }) satisfies ErrorRequestHandler);
  const server = createServer(app);
  const { origin, close } = await listen(server);
  return {
    store,
    manager,
    sessions,
    middleware,
    server,
    origin,
    errors,
    open: () => new Browser(origin),
    writes: () => store.calls.filter((call) => /create|update|delete/.test(call)),
    [Symbol.asyncDispose]: close,
  };
}

/** Counts the visits in `req.session.hits` and sends the number. */
export const countHits: Handler = (req, res) => {
  req.session.hits = Number(req.session.hits ?? 0) + 1;
  res.end(String(req.session.hits));
};

/** Sets the keys of the query in `req.session`, deletes those without a value, and sends the data. */
export const assign: Handler = (req, res) => {
  for (const [key, value] of Object.entries(req.query)) {
    if (value === "") delete req.session[key];
    else req.session[key] = value;
  }
  res.json(readData(req));
};

/** Returns the data of `req.session`, without the cookie. */
export function readData({ session }: SessionRequest): Record<string, unknown> {
  const { cookie: _, ...data } = session;
  return data;
}

/** Starts another app than that of `startSite`. */
export async function serve(app: Express): Promise<{ origin: string } & AsyncDisposable> {
  const { origin, close } = await listen(createServer(app));
  return { origin, [Symbol.asyncDispose]: close };
}
