import type { IncomingHttpHeaders } from "node:http";
import { withCookie } from "../../cookie/cookie-header.ts";
import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import { cookieLines, keptHeaders } from "./kept-headers.ts";

/** A request of `node:http`, `node:https` or the compatibility API of `node:http2`, as far as it is used here. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The whole path, where a mount has shortened `url`. Connect, polka and Express set it. */
  readonly originalUrl?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket?: {
    readonly remoteAddress?: string | undefined;
    /** Present only on a TLS connection. */
    readonly encrypted?: boolean | undefined;
  };
}

/** The response to a `NodeRequest`, as far as it is used here. */
export interface NodeResponse {
  readonly headersSent: boolean;
  statusCode: number;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  writeHead: (...given: never[]) => unknown;
  end(): unknown;
  end(body: string): unknown;
}

/** A framework's view of the client, after the app has configured which proxies to trust. */
export interface TrustedView {
  readonly ip?: string | undefined;
  /** `https` or `http`. */
  readonly protocol?: string | undefined;
}

/** The exchange over Node's request and response, also for frameworks that are built on them. */
export class NodeExchange<Source extends RequestSource = RequestSource> implements Exchange {
  readonly #request: NodeRequest & Source;
  readonly #response: NodeResponse;

  constructor(request: NodeRequest & Source, response: NodeResponse) {
    this.#request = request;
    this.#response = response;
  }

  method(): string {
    return this.#request.method ?? "";
  }

  source(): Source {
    return this.#request;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** HTTP/2 has the host in a pseudo-header. */
  host(): string | undefined {
    return this.header("host") ?? this.header(":authority");
  }

  isHttps(): boolean {
    return this.#request.socket?.encrypted === true || this.trusted()?.protocol === "https";
  }

  clientAddress(): string | undefined {
    return this.trusted()?.ip;
  }

  /** The framework's view of the client. None by default, because Node trusts no proxy. */
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
    keptHeaders(this.#response).cookies.set(cookie);
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
    keptHeaders(this.#response).headers.set(name, value);
  }

  setDefaultHeader(name: string, value: string): void {
    if (this.#response.getHeader(name) === undefined) this.#response.setHeader(name, value);
  }
}
