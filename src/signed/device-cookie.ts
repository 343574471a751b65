import { MAX_COOKIE_AGE, readCookie } from "../cookie/cookie-header.ts";
import { randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Signer } from "./signer.ts";

/** So many users are known on one browser; with more, whoever logged in there longest ago is new again. */
const MOST_USERS = 4;
const FORM = new RegExp(`^[0-9A-Za-z]{${TOKEN_LENGTH.root}}(\\.[0-9a-f]{64}){1,${MOST_USERS}}$`);

/** What a browser brings that has logged in before: a random text, and a signature for each user that did so. */
interface Device {
  readonly nonce: string;
  readonly marks: readonly string[];
}

/**
 * The cookie by which a browser is known again at a login. It says nothing but that these users have logged in with it, and
 * that only to who knows a user and the key: nothing of it is stored with us.
 */
export class DeviceCookie {
  readonly #attributes: Omit<SetCookie, "value">;
  readonly #signer: Signer;

  /** Sent as the session's cookie is, but that no script ever needs it. */
  constructor(session: Omit<SetCookie, "value">, signer: Signer) {
    this.#attributes = { ...session, name: `${session.name}-device`, httpOnly: true };
    this.#signer = signer;
  }

  /** Whether the user has logged in with this browser, and the cookie that says so from now on. */
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

  /** With a mark by the key of now. */
  #cookie({ nonce, marks }: Device, userKey: string, now: number): SetCookie {
    const all = [this.#signer.sign("device", `${nonce} ${userKey}`), ...marks].slice(0, MOST_USERS);
    const value = [nonce, ...all].join(".");
    return { ...this.#attributes, value, maxAge: MAX_COOKIE_AGE / 1_000, expires: now + MAX_COOKIE_AGE };
  }
}
