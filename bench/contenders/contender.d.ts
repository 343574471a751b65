/**
 * One way to know who is asking. What stands for a request is its framework's: `request, response` for node:http,
 * Express and Fastify (whose response is the reply), `c` for Hono, `ctx` for Koa.
 */
export interface Contender<Context extends readonly unknown[], Guard, App> {
  /** What an app registers once: plugins, or middleware for every route. */
  use?(app: App): unknown;
  /** The middleware, in the framework's form, that lets only logged-in requests through. Without one, nobody is looked up. */
  guard?: Guard;
  /** What the handler behind it learns: whose request it is. */
  userKey(...context: Context): string | undefined;
  /** When it is done, the Set-Cookie is on the response. */
  login(userKey: string, ...context: Context): unknown;
  /** These run behind the guard. */
  logout?(...context: Context): unknown;
  /** How many sessions the user has. Without it, the contender does not know. */
  list?(...context: Context): Promise<number>;
  revokeOthers?(...context: Context): unknown;
  /** Nothing is kept on the server: whoever copied the cookie is still logged in after the logout. The check holds it to that. */
  stateless?: boolean;
}

/** What a contender's file exports under the name of the framework. */
export type MakeContender<Context extends readonly unknown[], Guard, App> = (
  database: Database,
) => Contender<Context, Guard, App> | Promise<Contender<Context, Guard, App>>;

/** Where the sessions are. */
export interface Database {
  kind: "memory" | "redis" | "postgres";
  url: string;
}
