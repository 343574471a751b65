import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { parseCookie } from "cookie";
import type { CookieOptions, Request, Response } from "express";
import type { SessionId } from "sessionup";

const LIFETIME = 60_000;

/** The page that shows a notice. Each has its own cookie, because two tabs may wait for different pages. */
export type NoticePage = "account" | "home" | "login";

/**
 * Notices for the page after a redirect. A cookie carries each notice to that page, which clears the cookie. The cookie
 * is signed for one session, so that neither a link nor another site can make the demo show a notice.
 */
export class Notices {
  readonly #key = randomBytes(32);
  readonly #prefix: string;
  readonly #cookie: CookieOptions;
  readonly #clock: () => number;

  constructor({ secure, clock }: { readonly secure: boolean; readonly clock: () => number }) {
    this.#prefix = secure ? "__Host-notice" : "notice";
    this.#cookie = { path: "/", httpOnly: true, secure, sameSite: "strict" };
    this.#clock = clock;
  }

  /** Leaves a notice for a page of the session, or of a guest. */
  leave(res: Response, page: NoticePage, text: string, session?: SessionId): void {
    const encoded = Buffer.from(text).toString("base64url");
    const until = this.#clock() + LIFETIME;
    const value = `${encoded}.${until}.${this.#sign(encoded, until, session)}`;
    res.cookie(`${this.#prefix}-${page}`, value, { ...this.#cookie, maxAge: LIFETIME });
  }

  /** Returns the text of the notice for this session, or for a guest, and clears its cookie. */
  take(req: Request, res: Response, page: NoticePage, session?: SessionId): string | undefined {
    const name = `${this.#prefix}-${page}`;
    const value = parseCookie(req.headers.cookie ?? "")[name];
    if (value === undefined) return undefined;
    res.clearCookie(name, this.#cookie);
    const [encoded = "", until, signature = ""] = value.split(".");
    if (!(Number(until) > this.#clock())) return undefined;
    if (!isEqual(signature, this.#sign(encoded, Number(until), session))) return undefined;
    return Buffer.from(encoded, "base64url").toString();
  }

  #sign(encoded: string, until: number, session = ""): string {
    return createHmac("sha256", this.#key).update(`${encoded}.${until}.${session}`).digest("base64url");
  }
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
