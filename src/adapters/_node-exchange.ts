import type { IncomingHttpHeaders } from "node:http";
import type { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { withCookie } from "../wire/cookie.ts";
import { rejectionOf } from "../wire/rejection.ts";

/** What is used of a request of `node:http`, `node:https` or the compatible form of `node:http2`. */
export interface NodeRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket?: { readonly remoteAddress?: string | undefined };
}

/** What is used of its response. */
export interface NodeResponse {
  readonly headersSent: boolean;
  statusCode: number;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  end(): unknown;
  end(body: string): unknown;
}

/** The port over Node's own request and response, and whatever is built on them. */
export class NodeExchange implements Exchange {
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;

  constructor(request: NodeRequest, response: NodeResponse) {
    this.#request = request;
    this.#response = response;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  peerAddress(): string | undefined {
    return this.#request.socket?.remoteAddress;
  }

  blocked(): string | undefined {
    return this.#response.headersSent ? "the headers of the response have been sent" : undefined;
  }

  setCookie(cookie: SetCookie): void {
    const before = this.#response.getHeader("set-cookie") ?? [];
    const lines = Array.isArray(before) ? before : [String(before)];
    this.#response.setHeader("set-cookie", withCookie(lines, cookie));
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }
}

/** The refusal of an app that has none of its own. */
export function sendRejection(error: SessionError, response: NodeResponse): void {
  const { status, headers, body } = rejectionOf(error);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
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
      next(error);
      return;
    }
    next();
  };
}
