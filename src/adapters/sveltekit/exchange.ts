import { OutgoingCookies, serializeCookie, setsCookie } from "../../cookie/cookie-header.ts";
import type { Exchange, SetCookie } from "../../exchange.ts";
import { withHeaders } from "../shared/response.ts";

/** The attributes of a cookie, in SvelteKit's words. */
interface Attributes {
  path: string;
  domain?: string;
  maxAge?: number;
  expires?: Date;
  httpOnly: boolean;
  secure: boolean;
  sameSite: "strict" | "lax" | "none";
  partitioned: boolean;
}

/** What is used of SvelteKit's event, besides `locals`. */
export interface SvelteKitRequest {
  readonly request: Request;
  readonly cookies: { set(name: string, value: string, attributes: Attributes): void };
  getClientAddress(): string;
}

/** The port over SvelteKit's event. */
export class SvelteKitExchange implements Exchange {
  readonly #event: SvelteKitRequest;
  readonly #headers = new Headers();
  readonly #defaults = new Map<string, string>();
  readonly #cookies = new OutgoingCookies();
  #finished: boolean;

  constructor(event: SvelteKitRequest) {
    this.#event = event;
    // Where no hook of ours has seen the request before: once the response is made, SvelteKit has put a function
    // in this place that takes nothing and throws.
    this.#finished = event.cookies.set.length === 0;
  }

  method(): string {
    return this.#event.request.method;
  }

  header(name: string): string | undefined {
    return this.#event.request.headers.get(name) ?? undefined;
  }

  /** SvelteKit knows its own origin better, behind a proxy that changes the host. */
  host(): string {
    return new URL(this.#event.request.url).host;
  }

  peerAddress(): string | undefined {
    try {
      return this.#event.getClientAddress();
    } catch {
      // There is none while pages are prerendered, nor with some adapters.
      return undefined;
    }
  }

  blocked(): string | undefined {
    return this.#finished ? "SvelteKit has made the response" : undefined;
  }

  setCookie(cookie: SetCookie): void {
    const { name, value, path, domain, maxAge, expires, httpOnly, secure, sameSite, partitioned } = cookie;
    this.#event.cookies.set(name, value, {
      path,
      ...(domain !== undefined && { domain }),
      ...(maxAge !== undefined && { maxAge }),
      ...(expires !== undefined && { expires: new Date(expires) }),
      httpOnly,
      secure,
      sameSite,
      partitioned,
    });
    this.#cookies.set(cookie);
  }

  // Not by `setHeaders`, which throws for the second of two that set the same one: the other may be the app.
  setHeader(name: string, value: string): void {
    this.#headers.set(name, value);
  }

  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /** The response with our headers; also with our cookies, if it is none that SvelteKit has put its cookies on. */
  finish(response: Response): Response {
    this.#finished = true;
    const ours = new Headers(this.#headers);
    const lines = response.headers.getSetCookie();
    const cookies = [...this.#cookies];
    // SvelteKit itself takes two for one that differ in `partitioned` alone. From there on, for the order of them.
    const missing = cookies.findIndex((cookie) => !lines.some((line) => setsCookie(line, cookie)));
    for (const cookie of missing === -1 ? [] : cookies.slice(missing))
      ours.append("set-cookie", serializeCookie(cookie));
    return withHeaders(response, ours, this.#defaults);
  }
}
