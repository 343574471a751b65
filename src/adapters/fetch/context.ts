import { withCookie } from "../../cookie/cookie-header.ts";
import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import type { Session } from "../../session.ts";
import { addHeaders, replaceCookies } from "../shared/response.ts";

/** The context: one request, and the headers that its response gets besides the handler's. */
export interface FetchContext<Out = undefined> {
  readonly request: Request;
  /** The session as it is now: the new one after `init`, `undefined` after `revoke`. */
  readonly session: Session<Out> | undefined;
  /** The session cookie's `Set-Cookie` and `Cache-Control`. The wrapper adds them to the response. */
  readonly headers: Headers;
}

/** The context of one request, also for wrapped handlers inside of one another. It is its own exchange. */
export class FetchExchange<Out> implements FetchContext<Out>, Exchange {
  readonly request: Request;
  readonly headers: Headers = new Headers();
  readonly #defaults = new Map<string, string>();
  readonly #peerAddress: (() => string | undefined) | undefined;
  readonly #current: (context: FetchContext<Out>) => Session<Out> | undefined;
  /** The number of wrapped handlers that are running, one inside of another. */
  #running = 1;

  constructor(
    request: Request,
    peerAddress: (() => string | undefined) | undefined,
    current: (context: FetchContext<Out>) => Session<Out> | undefined,
  ) {
    this.request = request;
    this.#peerAddress = peerAddress;
    this.#current = current;
  }

  get session(): Session<Out> | undefined {
    return this.#current(this);
  }

  method(): string {
    return this.request.method;
  }
  source(): RequestSource {
    return this.request;
  }
  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }
  /** A platform that receives HTTP/2 may have the host in the URL alone. */
  host(): string {
    return this.header("host") ?? new URL(this.request.url).host;
  }
  isHttps(): boolean {
    return new URL(this.request.url).protocol === "https:";
  }
  peerAddress(): string | undefined {
    return this.#peerAddress?.();
  }
  blocked(): string | undefined {
    return this.#running === 0 ? "the handler has returned its response" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    replaceCookies(this.headers, (lines) => withCookie(lines, cookie));
  }
  setHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /** Enters one more wrapped handler. Returns false when the outermost one has returned its response. */
  enter(): boolean {
    return this.#running > 0 && ++this.#running > 0;
  }
  leave(): void {
    this.#running--;
  }
  /** Returns the response, to which the outermost handler adds the headers. */
  finish(response: Response): Response {
    return this.#running === 1 ? addHeaders(response, this.headers, this.#defaults) : response;
  }
}
