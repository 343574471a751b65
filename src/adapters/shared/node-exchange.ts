import type { IncomingHttpHeaders } from "node:http";
import { withCookie } from "../../cookie/cookie-header.ts";
import type { SessionError } from "../../errors.ts";
import type { Exchange, SetCookie } from "../../exchange.ts";
import { toErrorResponse } from "../../http/error-response.ts";
import type { RouteAnswer, RouteRequest } from "../../http/mount.ts";
import { failureOf } from "./answered.ts";
import { keptOf, linesOf } from "./kept-headers.ts";
import { mountOf } from "./mount.ts";

/** What is used of a request of `node:http`, `node:https` or the compatible form of `node:http2`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The whole path, where a mount took its own off `url`: connect, polka and Express say it so. */
  readonly originalUrl?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket?: {
    readonly remoteAddress?: string | undefined;
    /** There only on a connection with TLS. */
    readonly encrypted?: boolean | undefined;
  };
}

/** What is used of its response. */
export interface NodeResponse {
  readonly headersSent: boolean;
  statusCode: number;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  writeHead: (...given: never[]) => unknown;
  end(): unknown;
  end(body: string): unknown;
}

/** What a framework says of the client when the app has told it which proxies to trust. */
export interface TrustedView {
  readonly ip?: string | undefined;
  /** `https` or `http`. */
  readonly protocol?: string | undefined;
}

/** The port over Node's own request and response, and whatever is built on them. */
export class NodeExchange implements Exchange {
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;

  constructor(request: NodeRequest, response: NodeResponse) {
    this.#request = request;
    this.#response = response;
  }

  method(): string {
    return this.#request.method ?? "";
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** HTTP/2 has it under a name of its own. */
  host(): string | undefined {
    return this.header("host") ?? this.header(":authority");
  }

  isHttps(): boolean {
    return this.#request.socket?.encrypted === true || this.trusted()?.protocol === "https";
  }

  clientAddress(): string | undefined {
    return this.trusted()?.ip;
  }

  /** The framework's view of the client. Default: none, since Node trusts no proxy. */
  protected trusted(): TrustedView | undefined {
    return undefined;
  }

  peerAddress(): string | undefined {
    return this.#request.socket?.remoteAddress;
  }

  blocked(): string | undefined {
    return this.#response.headersSent ? "the headers of the response have been sent" : undefined;
  }

  setCookie(cookie: SetCookie): void {
    this.#response.setHeader("set-cookie", withCookie(cookieLines(this.#response), cookie));
    keptOf(this.#response).cookies.set(cookie);
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
    keptOf(this.#response).headers.set(name, value);
  }

  setDefaultHeader(name: string, value: string): void {
    if (this.#response.getHeader(name) === undefined) this.#response.setHeader(name, value);
  }
}

/** The Set-Cookie lines so far, of a response or of a reply. */
export function cookieLines(response: Pick<NodeResponse, "getHeader">): readonly string[] {
  return linesOf(response.getHeader("set-cookie"));
}

/** The refusal of an app that has none of its own. */
export function sendRejection(error: SessionError, response: NodeResponse): void {
  send(toErrorResponse(error), response);
}

function send({ status, headers, body }: RouteAnswer, response: NodeResponse): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined) response.end();
  else response.end(body);
}

/** A request as the routes look at it: with its whole path, and what the app is mounted under. */
export function routeRequestOf({
  method = "",
  url = "",
  originalUrl = url,
}: Omit<NodeRequest, "headers">): RouteRequest {
  return { method, path: originalUrl, mount: mountOf(originalUrl, url) };
}

/** The ready-made routes as middleware of the same form: what is for none of them goes on to `next`. */
export function routesMiddleware<Request, Response extends NodeResponse>(
  answer: (request: Request, response: Response) => Promise<RouteAnswer | undefined>,
): (request: Request, response: Response, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    let found: RouteAnswer | undefined;
    try {
      found = await answer(request, response);
    } catch (error) {
      next(failureOf(error));
      return;
    }
    if (found) send(found, response);
    else next();
  };
}

/**
 * Middleware of the form that `node:http` servers, connect and Express share: calls `next`, unless `decide` finds
 * a reason to refuse.
 */
export function middleware<Request, Response>(
  decide: (request: Request, response: Response) => Promise<SessionError | undefined>,
  reject: (error: SessionError, request: Request, response: Response) => unknown,
): (request: Request, response: Response, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    try {
      const refusal = await decide(request, response);
      if (refusal) {
        await reject(refusal, request, response);
        return;
      }
    } catch (error) {
      next(failureOf(error));
      return;
    }
    next();
  };
}
