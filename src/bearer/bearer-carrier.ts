import type { Carrier } from "../cookie/carrier.ts";
import type { PresentedTokens } from "../cookie/cookie-header.ts";
import { formatToken, type Token } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { readCredentials } from "./authorization.ts";
import type { ParsedBearer } from "./options.ts";

const NOTHING: PresentedTokens = Object.freeze({ tokens: [], malformed: false });
const MALFORMED: PresentedTokens = Object.freeze({ tokens: [], malformed: true });

/** Reads the token of `Authorization`, and sends a new one in a header of the response. Sets and clears no cookie. */
export class BearerCarrier implements Carrier {
  readonly isExplicit: true = true;
  readonly #cookie: Carrier;
  readonly #header: string;
  readonly #hasDpop: boolean;
  readonly #isAlone: boolean;

  /** `cookie` is the manager's own, which must not arrive together with a token. */
  constructor(cookie: Carrier, { header, dpop }: ParsedBearer, isAlone: boolean) {
    this.#cookie = cookie;
    this.#header = header.toLowerCase();
    this.#hasDpop = dpop !== undefined;
    this.#isAlone = isAlone;
  }

  assertInit(): void {
    // The client chooses the header: with both transports, it must get neither a cookie nor an error of the server.
    if (!this.#isAlone) throw SessionError.unauthorized("malformed");
    throw new TypeError(
      'init sets a cookie, which is not one of the transports. Call initBearer of "sessionup/bearer", or add "cookie" to transports.',
    );
  }

  read(exchange: Exchange): PresentedTokens {
    const credentials = readCredentials(exchange.header("authorization"), this.#hasDpop);
    if (!credentials) return NOTHING;
    const { token } = credentials;
    if (!token) return MALFORMED;
    const { tokens, malformed } = this.#cookie.read(exchange);
    // Two carriers in one request are a client's mistake, or an attack on which of them counts.
    return { tokens: [token], malformed: malformed || tokens.length > 0 };
  }

  assertWritable(exchange: Exchange): void {
    const blocked = exchange.blocked("header");
    if (blocked !== undefined)
      throw new SessionError("ERR_HEADERS_SENT", `The session token cannot be sent: ${blocked}.`);
  }

  send(exchange: Exchange, token: Token): void {
    this.#set(exchange, formatToken(token));
  }

  /** An empty header: the session has provably ended, so the app can delete its token. */
  clear(exchange: Exchange): void {
    this.#set(exchange, "");
  }

  clearAtLogout(exchange: Exchange): void {
    this.clear(exchange);
  }

  clearIfWritable(exchange: Exchange): void {
    if (exchange.blocked("header") === undefined) this.clear(exchange);
  }

  #set(exchange: Exchange, value: string): void {
    exchange.setHeader(this.#header, value);
    keepUncached(exchange);
  }
}

/** The carrier of one login, whose caller receives the token. It needs no header. */
export class HandedOverCarrier extends BearerCarrier {
  readonly kept: Carrier["kept"];

  constructor(kept: Carrier["kept"], ...args: ConstructorParameters<typeof BearerCarrier>) {
    super(...args);
    this.kept = kept;
  }

  override assertWritable(): void {}

  override send(exchange: Exchange): void {
    if (exchange.blocked("header") === undefined) keepUncached(exchange);
  }
}

/** A cache that stored a response with a token would give it to other clients. */
function keepUncached(exchange: Exchange): void {
  exchange.setHeader("cache-control", "no-store");
}
