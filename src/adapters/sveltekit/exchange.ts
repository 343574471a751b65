import { OutgoingCookies, serializeCookie, setsCookie } from "../../cookie/cookie-header.ts";
import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import { addHeaders } from "../shared/response.ts";

/** The attributes of a cookie in SvelteKit's form. */
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

/** SvelteKit's event without `locals`, as far as it is used here. */
export interface SvelteKitRequest {
  readonly request: Request;
  readonly cookies: { set(name: string, value: string, attributes: Attributes): void };
  getClientAddress(): string;
}

/** The exchange over SvelteKit's event. */
export class SvelteKitExchange implements Exchange {
  readonly #event: SvelteKitRequest;
  readonly #headers = new Headers();
  readonly #defaults = new Map<string, string>();
  readonly #cookies = new OutgoingCookies();
  #finished: boolean;

  constructor(event: SvelteKitRequest) {
    this.#event = event;
    // Once SvelteKit has made the response, it replaces this function by one that has no parameters and throws. This
    // detects a request that no hook of this adapter has seen before.
    this.#finished = event.cookies.set.length === 0;
  }

  method(): string {
    return this.#event.request.method;
  }

  source(): RequestSource {
    return this.#event.request;
  }

  header(name: string): string | undefined {
    return this.#event.request.headers.get(name) ?? undefined;
  }

  /** The host of SvelteKit's own origin, which is right behind a proxy that changes the header. */
  host(): string {
    return new URL(this.#event.request.url).host;
  }

  peerAddress(): string | undefined {
    try {
      return this.#event.getClientAddress();
    } catch {
      // It throws during prerendering and with some of SvelteKit's adapters.
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

  // SvelteKit's `setHeaders` throws when the app sets the same header, before or afterwards.
  setHeader(name: string, value: string): void {
    this.#headers.set(name, value);
  }

  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /** Returns the response with the headers, and with the cookies that SvelteKit has not put on it. */
  finish(response: Response): Response {
    this.#finished = true;
    const added = new Headers(this.#headers);
    const lines = response.headers.getSetCookie();
    const cookies = [...this.#cookies];
    // SvelteKit merges cookies that differ only in `partitioned`. Adding all from the first missing one keeps their order.
    const missing = cookies.findIndex((cookie) => !lines.some((line) => setsCookie(line, cookie)));
    for (const cookie of missing === -1 ? [] : cookies.slice(missing))
      added.append("set-cookie", serializeCookie(cookie));
    return addHeaders(response, added, this.#defaults);
  }
}
