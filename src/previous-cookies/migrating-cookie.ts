import type { Carrier } from "../cookie/carrier.ts";
import { type PresentedTokens, readTokens } from "../cookie/cookie-header.ts";
import { type CookieSet, countMaxTokens, SessionCookie } from "../cookie/session-cookie.ts";
import type { Token } from "../cookie/token.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { SessionRecord } from "../store.ts";

/** The number of tokens under former names that are looked up. */
const MAX_FORMER_TOKENS = 4;

/** A cookie without its value. */
type Attributes = Omit<SetCookie, "value">;

/** The cookie of a manager that also reads and clears previous cookies. */
export class MigratingCookie extends SessionCookie {
  readonly name: string;
  /** Identifies the current cookie's attributes if a previous cookie has the same name. Otherwise undefined. */
  readonly sentAs: string | undefined;
  readonly #previous: readonly Attributes[];
  readonly #formerNames: readonly string[];

  constructor(current: CookieSet, previous: readonly Attributes[]) {
    const { name, domain = "", path, partitioned } = current.attributes;
    const names = previous.map((each) => each.name);
    super(current);
    this.name = name;
    // Requests do not show which of two cookies with the same name the browser sent.
    this.sentAs = names.includes(name) ? `${path};${domain};${partitioned}` : undefined;
    this.#previous = previous;
    this.#formerNames = [...new Set(names)].filter((each) => each !== name);
  }

  get kept(): Carrier["kept"] {
    return this.sentAs === undefined ? undefined : { sentAs: this.sentAs };
  }

  /** Reads the tokens under the current name, then those under former names. */
  override read(exchange: Exchange): PresentedTokens {
    const { tokens, malformed } = super.read(exchange);
    const header = exchange.header("cookie");
    const former = this.#formerNames
      .flatMap((name) =>
        readTokens(header, `${name}=`, countMaxTokens(name)).tokens.map((token) => ({ name, token })),
      )
      .slice(0, MAX_FORMER_TOKENS);
    return {
      tokens: [...tokens, ...former.map(({ token }) => token)],
      malformed,
      formerNames: former.map(({ name }) => name),
    };
  }

  override send(exchange: Exchange, token: Token, now: number, record: SessionRecord): void {
    this.#clearPrevious(exchange);
    super.send(exchange, token, now, record);
  }

  override clear(exchange: Exchange): void {
    this.#clearPrevious(exchange);
    super.clear(exchange);
  }

  /** Clears only the cookies with that name. */
  override clearIfWritable(exchange: Exchange, name: string = this.name): void {
    if (exchange.blocked() !== undefined) return;
    for (const cookie of this.#previous) if (cookie.name === name) this.clearOne(exchange, cookie);
    if (name === this.name) super.clearIfWritable(exchange);
  }

  /** Runs before the current cookie is set: browsers that do not support `Partitioned` may take both for one cookie. */
  #clearPrevious(exchange: Exchange): void {
    const header = exchange.header("cookie") ?? "";
    for (const cookie of this.#previous)
      if (cookie.name === this.name || header.includes(`${cookie.name}=`)) this.clearOne(exchange, cookie);
  }
}
