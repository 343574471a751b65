import type { Duration } from "../../duration.ts";
import { COOKIE_TABLE } from "../../options/cookie-options.ts";
import { parseExpiresIn } from "../../options/manager-options.ts";
import {
  type OptionTable,
  oneOf,
  type ParsedOptions,
  type Parser,
  parseOptions,
} from "../../options/parsers.ts";

/** The options of `expressSession`. They concern visitors: the manager's options apply to the sessions of users. */
export interface ExpressSessionOptions {
  /**
   * The name of the cookie of visitors who are not signed in. Default `"visitor"`, which gets the same prefix as the manager's
   * cookie, such as `__Host-visitor`. Must differ from the manager's `cookie.name`, and between apps that share
   * a store.
   */
  readonly name?: string;
  /**
   * The longest life of a visitor's session, regardless of use. The cookie then stays on disk. Default: none. The cookie ends
   * with the browser session, and the session after 24 hours.
   */
  readonly expiresIn?: Duration;
  /**
   * The requests from other sites that carry the cookie of visitors. Default: the manager's `cookie.sameSite`, but `"lax"` in
   * place of `"strict"`. With `"strict"`, browsers do not send the cookie when an identity provider sends the visitor back.
   * `"none"` sends it with every request from every site, such as a form that an identity provider posts.
   */
  readonly sameSite?: "strict" | "lax" | "none";
}

const parseName = COOKIE_TABLE.name?.parse as Parser<string>;

const OPTIONS = {
  name: { parse: parseName, default: "visitor" },
  expiresIn: { parse: parseExpiresIn },
  sameSite: { parse: oneOf("strict", "lax", "none") },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const EXPRESS_SESSION_TABLE: OptionTable = OPTIONS;

/** Why options of express-session do not exist here. */
const FOREIGN: Readonly<Record<string, string>> = {
  cookie: "The manager's option cookie sets the attributes, and expiresIn the life of a visitor's session",
  genid: "The manager generates ids",
  key: "It is called name",
  proxy: "Express's setting trust proxy applies, and the manager's cookie.secure",
  resave: "Only changes are saved, and no request overwrites those of another one",
  rolling: "The manager's idleTimeout extends sessions, and nothing extends a cookie",
  saveUninitialized: "A session of a visitor is stored when it has data, and never before",
  secret: "The cookie holds a random secret, and the store its hash. Nothing is signed",
  store: "The store is the one of the manager",
  unset: 'Setting req.session to null keeps what is stored, as "keep" did. Call destroy() to end the session',
};

/** Checks the options of `expressSession`. Throws `TypeError`, also for options of express-session. @internal */
export function parseExpressSessionOptions(given: object): ParsedOptions<typeof OPTIONS> {
  for (const name of Object.keys(Object(given))) {
    if (Object.hasOwn(FOREIGN, name))
      throw new TypeError(
        `"${name}" of express-session is not an option of expressSession. ${FOREIGN[name]}.`,
      );
  }
  return parseOptions(given, OPTIONS, "expressSession");
}
