import { SessionError } from "../../errors.ts";
import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import { addHeaders } from "../shared/response.ts";

/** The result of Next.js's `headers()`, as far as it is used here. */
export interface NextHeaders {
  get(name: string): string | null;
}

/** The result of Next.js's `cookies()`, as far as it is used here. */
export interface NextCookies {
  set(name: string, value: string, attributes: NextCookieAttributes): unknown;
  /** Never called. Where cookies are read-only, it is the same function as `set`. */
  readonly delete: unknown;
}

/** The attributes of a cookie, under Next.js's names for them. */
export type NextCookieAttributes = Omit<SetCookie, "name" | "value">;

/** The exchange over Next.js's `headers()` and `cookies()`. */
export class NextExchange implements Exchange {
  /** The cookies that can be written at the moment. */
  cookies: NextCookies | undefined;
  /** The request, once a wrapped Route Handler has received it: Next.js passes its method and URL to nothing else. */
  request: Pick<Request, "method" | "url"> | undefined;
  readonly #headers: NextHeaders;
  readonly #peerAddress: ((headers: NextHeaders) => string | undefined) | undefined;
  readonly #added: Headers = new Headers();
  readonly #defaults = new Map<string, string>();
  #finished = false;

  constructor(headers: NextHeaders, peerAddress: ((headers: NextHeaders) => string | undefined) | undefined) {
    this.#headers = headers;
    this.#peerAddress = peerAddress;
  }

  method(): string {
    if (this.request) return this.request.method;
    // Server Components only render. Otherwise this is a Server Action or an unwrapped Route Handler, and headers of a body
    // tell a POST from a GET: browsers send the length of an empty body, too.
    const hasBody =
      this.blocked() === undefined && BODY_HEADERS.some((name) => this.header(name) !== undefined);
    return hasBody ? "POST" : "GET";
  }
  source(): RequestSource | undefined {
    return this.request;
  }
  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }
  peerAddress(): string | undefined {
    return this.#peerAddress?.(this.#headers);
  }
  blocked(what: "cookie" | "header" = "cookie"): string | undefined {
    if (this.#finished) return "the handler has returned its response";
    if (what === "header" && !this.request) return UNWRAPPED;
    // Where cookies are read-only, Next.js has one function that throws in place of every method that writes.
    return this.cookies?.set === this.cookies?.delete ? READ_ONLY : undefined;
  }
  setCookie({ name, value, ...attributes }: SetCookie): void {
    try {
      this.cookies?.set(name, value, attributes);
    } catch (cause) {
      throw new SessionError("ERR_HEADERS_SENT", `The session cookie cannot be set: ${READ_ONLY}.`, {
        cause,
      });
    }
  }
  setHeader(name: string, value: string): void {
    this.#added.set(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /** Returns the response with the headers. Next.js adds the cookies. */
  finish(response: Response): Response {
    this.#finished = true;
    return addHeaders(response, this.#added, this.#defaults);
  }
}

const BODY_HEADERS = ["content-type", "content-length", "transfer-encoding", "next-action"];

const UNWRAPPED = "Next.js sets headers only in Route Handlers, so wrap this one in public or auth";

const READ_ONLY =
  "Next.js allows no cookie in a Server Component, nor after the response; " +
  "call this in a Server Action or a Route Handler";
