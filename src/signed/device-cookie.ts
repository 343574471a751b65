import { MAX_COOKIE_AGE, readCookie } from "../cookie/cookie-header.ts";
import { randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Signer } from "./signer.ts";

/** The number of users that one browser is recognized for. One more replaces the user whose last login is the oldest. */
const MAX_USERS = 4;
const FORM = new RegExp(`^[0-9A-Za-z]{${TOKEN_LENGTH.root}}(\\.[0-9a-f]{64}){1,${MAX_USERS}}$`);

/** The content of the cookie: a random text, and a signature for each user who has logged in with the browser. */
interface Device {
  readonly nonce: string;
  readonly marks: readonly string[];
}

/**
 * The cookie that recognizes a browser at a login. It proves only which users have logged in with the browser. Checking a
 * user takes the user key and a signing key. The server stores nothing of it.
 */
export class DeviceCookie {
  readonly #attributes: Omit<SetCookie, "value">;
  readonly #signer: Signer;

  /** The cookie has the attributes of the session's cookie, and is always hidden from scripts. */
  constructor(session: Omit<SetCookie, "value">, signer: Signer) {
    this.#attributes = { ...session, name: `${session.name}-device`, httpOnly: true };
    this.#signer = signer;
  }

  /** Returns whether the user has logged in with this browser before, and the cookie that records this login. */
  meet(
    exchange: Exchange,
    userKey: string,
    now: number,
  ): { readonly seen: boolean; readonly cookie: SetCookie } {
    const text = readCookie(exchange.header("cookie"), this.#attributes.name) ?? "";
    const [nonce = "", ...marks] = FORM.test(text) ? text.split(".") : [randomText(TOKEN_LENGTH.root)];
    const others = marks.filter((mark) => !this.#signer.verifies("device", `${nonce} ${userKey}`, mark));
    return {
      seen: others.length < marks.length,
      cookie: this.#cookie({ nonce, marks: others }, userKey, now),
    };
  }

  // Replaces the user's signature by one with the first key, so that the app can remove older keys.
  #cookie({ nonce, marks }: Device, userKey: string, now: number): SetCookie {
    const all = [this.#signer.sign("device", `${nonce} ${userKey}`), ...marks].slice(0, MAX_USERS);
    const value = [nonce, ...all].join(".");
    return { ...this.#attributes, value, maxAge: MAX_COOKIE_AGE / 1_000, expires: now + MAX_COOKIE_AGE };
  }
}
