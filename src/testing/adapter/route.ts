import { SessionError } from "../../errors.ts";
import type { AuthOptions } from "../../options/middleware-options.ts";

/** The result of a handler of the contract's app. The adapter's test turns it into a response of its framework. */
export interface ContractReply {
  /** Default: 200. */
  readonly status?: number;
  /** The body, as JSON. */
  readonly json?: unknown;
  /** A redirect with status 303, instead of a body. */
  readonly redirect?: string;
  /** A streamed text, instead of a body. The headers must be sent before the first chunk is requested. */
  readonly stream?: AsyncIterable<string>;
  /** A cookie of the app, to be set by the framework's own means: name and value. */
  readonly cookie?: readonly [name: string, value: string];
  /** Headers of the app, to be set by the framework's own means. */
  readonly headers?: Readonly<Record<string, string>>;
  /** An error that the handler throws after the headers are set, instead of a body. */
  readonly failure?: Error;
}

/** A route of the contract's app. The adapter's test registers it by the framework's own means. */
export interface ContractRoute<Context> {
  readonly method: "GET" | "POST";
  /** The path, without parameters. */
  readonly path: string;
  /**
   * The middleware that runs before the handler. `public` and `auth` are those of the first manager, and `admin` is `auth`
   * of the second one. `throwing` is `auth` of an adapter over the first manager that has the contract's `reject`.
   */
  readonly guard?: "public" | "auth" | "admin" | "throwing";
  /**
   * The options of that middleware. Without a guard, the options of `public` for frameworks whose handlers need a wrapper.
   */
  readonly options?: AuthOptions;
  /** The handler. Its errors must reach the error handling of the framework. */
  run(context: Context, query: URLSearchParams): Promise<ContractReply>;
}

/** Defines a route that reports a `SessionError` by its status and code, independently of the framework. */
export function route<Context>(
  method: "GET" | "POST",
  path: string,
  run: ContractRoute<Context>["run"],
  middleware: Pick<ContractRoute<Context>, "guard" | "options"> = {},
): ContractRoute<Context> {
  return {
    method,
    path,
    ...middleware,
    async run(context, query) {
      try {
        return await run(context, query);
      } catch (error) {
        if (SessionError.is(error)) return { status: error.status, json: { code: error.code } };
        throw error;
      }
    },
  };
}

/** Returns the user key for a login. Default: `ann`. */
export function requestedUser(query: URLSearchParams): string {
  return query.get("user") ?? "ann";
}
