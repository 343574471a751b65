import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { parseCookie } from "cookie";
import type { CookieOptions, Request, Response } from "express";
import type { SessionId } from "sessionup";

const TEXTS = {
  one: "That device is now signed out.",
  gone: "That device is not signed in to your account.",
  others: "All other devices are now signed out.",
  all: "You are now signed out everywhere.",
  password: "Your password has been changed. All other devices are signed out.",
};

const LIFETIME = 60_000;

/**
 * Notices for the page after a redirect. A cookie carries each notice to that page, which clears the cookie. The cookie
 * is signed for one session, so that neither a link nor another site can make the demo show a notice.
 */
export class Notices {
  readonly #key = randomBytes(32);
  readonly #name: string;
  readonly #cookie: CookieOptions;
  readonly #clock: () => number;

  constructor({ secure, clock }: { readonly secure: boolean; readonly clock: () => number }) {
    this.#name = secure ? "__Host-notice" : "notice";
    this.#cookie = { path: "/", httpOnly: true, secure, sameSite: "strict" };
    this.#clock = clock;
  }

  /** Leaves a notice for the next page of the session, or of a guest. */
  leave(res: Response, notice: keyof typeof TEXTS, session?: SessionId): void {
    const until = this.#clock() + LIFETIME;
    const value = `${notice}.${until}.${this.#sign(notice, until, session)}`;
    res.cookie(this.#name, value, { ...this.#cookie, maxAge: LIFETIME });
  }

  /** Returns the text of the notice for this session, or for a guest, and clears its cookie. */
  take(req: Request, res: Response, session?: SessionId): string | undefined {
    const value = parseCookie(req.headers.cookie ?? "")[this.#name];
    if (value === undefined) return undefined;
    res.clearCookie(this.#name, this.#cookie);
    const [notice = "", until, signature = ""] = value.split(".");
    if (!isNotice(notice) || !(Number(until) > this.#clock())) return undefined;
    return matches(signature, this.#sign(notice, Number(until), session)) ? TEXTS[notice] : undefined;
  }

  #sign(notice: string, until: number, session = ""): string {
    return createHmac("sha256", this.#key).update(`${notice}.${until}.${session}`).digest("base64url");
  }
}

function isNotice(text: string): text is keyof typeof TEXTS {
  return Object.hasOwn(TEXTS, text);
}

function matches(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
