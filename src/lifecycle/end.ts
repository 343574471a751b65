import type { SessionCookie } from "../cookie/session-cookie.ts";
import type { UnauthorizedReason } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { AcceptedToken, TokenVerdict } from "../rules/verify-token.ts";
import type { EndReason, SessionRecord } from "../store.ts";
import { type NoSession, none } from "./auth-result.ts";
import type { Ledger } from "./repository.ts";

/** What follows for tokens that are not good: nobody gets in, and the cookies of what is over are cleared. @internal */
export class Refusals {
  readonly #ledger: Ledger;
  readonly #cookie: SessionCookie;

  constructor(ledger: Ledger, cookie: SessionCookie) {
    this.#ledger = ledger;
    this.#cookie = cookie;
  }

  /**
   * Carries it out, and gives the reason if there is no good token. `names` are those of their cookies;
   * of the session `copied` there is a token in the cookie of now, so that none of before is needed.
   */
  async refuse(
    exchange: Exchange,
    admissions: readonly TokenVerdict[],
    names: readonly string[] = [this.#cookie.name],
    copied?: string,
  ): Promise<NoSession> {
    const held: SessionRecord[] = [];
    for (const each of admissions) {
      if (each.admitted || each.reason === "unknown" || each.record.ended) continue;
      // A response that cannot clear the cookie leaves the session to the next one: its end could not be proven then.
      if (each.reason !== "reused" && exchange.blocked() !== undefined) held.push(each.record);
      else await this.#end(each.record, each.reason, admissions);
    }
    for (const name of new Set(names)) {
      // Of several of a name nobody knows which of them a clearing would hit: the end of all must be proven.
      const proven = admissions.every((each, index) => {
        if (names[index] !== name || isOver(each)) return true;
        return each.admitted && each.record.id === copied && name !== this.#cookie.name;
      });
      if (proven) this.#cookie.clearIfWritable(exchange, name);
    }
    return none(reasonOf(admissions), held);
  }

  /**
   * Ends a session in the store that is over by this manager's options and clock: another manager's may still accept its
   * cookie, and so a copy of it.
   */
  async #end(record: SessionRecord, reason: EndReason, all: readonly TokenVerdict[]): Promise<void> {
    // A browser that presents the current secret beside an old one has a cookie left over from another path.
    if (reason === "reused" && all.some((each) => each.admitted && each.record.id === record.id)) return;
    await this.#ledger.endById(record.id, reason, record.userKey);
  }
}

/** Whether the session's end is proven to its holder. @internal */
export function isOver(
  admission: TokenVerdict,
): admission is Exclude<TokenVerdict, AcceptedToken | { readonly reason: "unknown" }> {
  return !admission.admitted && admission.reason !== "unknown";
}

/** Why nobody gets in: what can be told of the first that can tell. @internal */
export function reasonOf(admissions: readonly TokenVerdict[]): UnauthorizedReason {
  return admissions.find(isOver)?.reason ?? "unknown";
}
