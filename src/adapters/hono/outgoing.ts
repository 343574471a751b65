import type { Context } from "hono";
import { OutgoingCookies, serializeCookie, setsCookie, withCookie } from "../../cookie/cookie-header.ts";
import type { SetCookie } from "../../exchange.ts";

const OUTGOING = Symbol("sessionup/hono");

/** The cookies and headers of the response to a request, even one that the handler made. All managers share this object. */
export class Outgoing {
  readonly #c: Context;
  readonly #cookies = new OutgoingCookies();
  readonly #headers = new Map<string, string>();
  readonly #defaults = new Map<string, string>();
  /** The lines that this object has put into Hono's headers. */
  readonly #written = new Set<string>();
  /** The number of middleware functions of this adapter that are running, one inside of another. */
  #running = 0;

  private constructor(c: Context) {
    this.#c = c;
  }

  static of(c: Context): Outgoing {
    const carrier = c as { [OUTGOING]?: Outgoing };
    carrier[OUTGOING] ??= new Outgoing(c);
    return carrier[OUTGOING];
  }

  setCookie(cookie: SetCookie): void {
    this.#cookies.set(cookie);
    if (this.#running === 0) this.#writeCookies();
  }

  setHeader(name: string, value: string): void {
    this.#headers.set(name, value);
    if (this.#running === 0) this.#c.header(name, value);
  }

  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /**
   * Runs middleware, and writes everything when the outermost one ends. Not earlier: when a handler returns its own
   * Response, Hono removes the cookies of that Response if others were set before.
   */
  async around(middleware: () => Promise<void>): Promise<void> {
    this.#running++;
    try {
      await middleware();
    } finally {
      if (--this.#running === 0) this.#write();
    }
  }

  #write(): void {
    const c = this.#c;
    if (this.#cookies.size + this.#headers.size + this.#defaults.size === 0 || isBare(c)) return;
    if (this.#cookies.size > 0) this.#writeCookies();
    for (const [name, value] of this.#headers) c.header(name, value);
    for (const [name, value] of this.#defaults) {
      if (c.finalized && !c.res.headers.has(name)) setInPlace(c, name, value);
    }
  }

  #writeCookies(): void {
    const c = this.#c;
    // A new response shows the headers so far. Reading `c.res` would finalize the response.
    let lines = c.newResponse(null, 200).headers.getSetCookie();
    for (const cookie of this.#cookies) {
      const others = lines.filter((line) => !this.#written.has(line));
      // A mounted app with the same manager had the request later. A cookie that it set stays.
      if (others.some((line) => setsCookie(line, cookie))) continue;
      lines = withCookie(lines, cookie);
      this.#written.add(serializeCookie(cookie));
    }
    c.header("set-cookie", undefined);
    for (const line of lines) c.header("set-cookie", line, { append: true });
  }
}

/** Sets a header without a copy of the response, unless it is immutable: `c.header` would copy it. */
function setInPlace(c: Context, name: string, value: string): void {
  try {
    c.res.headers.set(name, value);
  } catch {
    c.header(name, value);
  }
}

/** Whether the response is one that cannot be copied: Response.error() or a WebSocket's 101. */
export function isBare(c: Context): boolean {
  return c.finalized && c.res.status < 200;
}
