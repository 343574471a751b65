import type { Context } from "hono";
import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import { isBare, Outgoing } from "./outgoing.ts";

/** The exchange over Hono's context. */
export class HonoExchange implements Exchange {
  readonly #c: Context;
  readonly #peerAddress: (c: Context) => string | undefined;

  constructor(c: Context, peerAddress: (c: Context) => string | undefined) {
    this.#c = c;
    this.#peerAddress = peerAddress;
  }

  method(): string {
    return this.#c.req.method;
  }
  source(): RequestSource {
    return this.#c.req.raw;
  }
  header(name: string): string | undefined {
    return this.#c.req.header(name);
  }
  /** A runtime that receives HTTP/2 may have the host in the URL alone. */
  host(): string {
    return this.header("host") ?? new URL(this.#c.req.url).host;
  }
  isHttps(): boolean {
    return new URL(this.#c.req.url).protocol === "https:";
  }
  peerAddress(): string | undefined {
    return this.#peerAddress(this.#c);
  }
  blocked(): string | undefined {
    if (isSent(this.#c)) return "the headers of the response have been sent";
    return isBare(this.#c) ? "the response cannot carry headers" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    Outgoing.of(this.#c).setCookie(cookie);
  }
  setHeader(name: string, value: string): void {
    Outgoing.of(this.#c).setHeader(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    Outgoing.of(this.#c).setDefaultHeader(name, value);
  }
}

/** The properties that `@hono/node-server` adds to `c.env`. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  readonly outgoing?: { readonly headersSent?: boolean };
}

/** Returns the address of the socket on `@hono/node-server`. */
export function socketAddress(c: Context): string | undefined {
  const env: NodeBindings | undefined = c.env;
  return env?.incoming?.socket?.remoteAddress;
}

/** Whether the headers have been sent. Hono does not tell: Node's response does, and elsewhere a body that is being read. */
function isSent(c: Context): boolean {
  const env: NodeBindings | undefined = c.env;
  if (env?.outgoing?.headersSent) return true;
  if (!c.finalized) return false;
  try {
    return c.res.bodyUsed || c.res.body?.locked === true;
  } catch {
    // @hono/node-server creates its Response at first access, which throws once the body is in use.
    return true;
  }
}
