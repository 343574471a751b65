/**
 * A way to authenticate requests. The context is the framework's: `request, response` for node:http, Express and Fastify (whose
 * response is the reply), `c` for Hono, `ctx` for Koa.
 */
export interface Contender<Context extends readonly unknown[], Guard, App> {
  /** Registers plugins, or middleware for every route. */
  use?(app: App): unknown;
  /** The middleware, in the framework's form, that rejects unauthenticated requests. Without it, no session is looked up. */
  guard?: Guard;
  /** Returns the user of an authenticated request. */
  userKey(...context: Context): string | undefined;
  /** Creates a session and sets its cookie on the response. */
  login(userKey: string, ...context: Context): unknown;
  /** Ends the session. Runs behind the guard, like `list` and `revokeOthers`. */
  logout?(...context: Context): unknown;
  /** Returns the number of the user's sessions. Missing when the contender cannot list sessions. */
  list?(...context: Context): Promise<number>;
  revokeOthers?(...context: Context): unknown;
  /** Whether the server keeps no sessions, so that a copied cookie is still valid after the logout. The check verifies this. */
  stateless?: boolean;
}

/** A contender's file exports this function under the name of each framework. */
export type MakeContender<Context extends readonly unknown[], Guard, App> = (
  database: Database,
) => Contender<Context, Guard, App> | Promise<Contender<Context, Guard, App>>;

/** The place of the sessions. */
export interface Database {
  kind: "memory" | "redis" | "postgres";
  url: string;
}
