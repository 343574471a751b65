import { findClientChanges } from "../client-info/compare.ts";
import { moveToCurrentCookie } from "../cookie/migration.ts";
import type { FormerToken, SessionCookie } from "../cookie/session-cookie.ts";
import { type Token, TokenProof } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Exchange } from "../exchange.ts";
import type { Resolved } from "../options/options.ts";
import { type AcceptedToken, verifyToken } from "../rules/verify-token.ts";
import type { SessionId } from "../session.ts";
import type { SessionRecord } from "../store.ts";
import { type AuthResult, type LiveSession, live, none } from "./auth-result.ts";
import { isOver, Refusals, reasonOf } from "./end.ts";
import type { MetaCodec } from "./metadata.ts";
import { type Due, type RequestUse, Upkeep } from "./refresh.ts";
import type { Ledger } from "./repository.ts";
import { seenClient } from "./seen-client.ts";

/** The parts of a manager that authentication needs. */
interface Parts<Out> {
  readonly ledger: Ledger;
  readonly cookie: SessionCookie;
  readonly meta: MetaCodec<unknown, Out>;
  readonly options: Resolved<unknown, unknown>;
  readonly events: Events;
}

/** Finds out who a request is. @internal */
export class Authenticator<Out> {
  readonly #ledger: Ledger;
  readonly #cookie: SessionCookie;
  readonly #meta: MetaCodec<unknown, Out>;
  readonly #options: Resolved<unknown, unknown>;
  readonly #events: Events;
  readonly #upkeep: Upkeep;
  readonly #refusals: Refusals;
  #hasReportedMissingAddress = false;

  constructor({ ledger, cookie, meta, options, events }: Parts<Out>) {
    this.#ledger = ledger;
    this.#cookie = cookie;
    this.#meta = meta;
    this.#options = options;
    this.#events = events;
    this.#upkeep = new Upkeep(ledger, cookie, options, events);
    this.#refusals = new Refusals(ledger, cookie);
  }

  /** Who the request is, by its cookie. Never throws on what a client sent. */
  async authenticate(exchange: Exchange, use: RequestUse): Promise<AuthResult<Out>> {
    const { tokens, malformed } = this.#cookie.read(exchange);
    const former = this.#cookie.readFormer(exchange);
    const [first = former[0]?.token, second] = tokens;
    if (!first) return none(malformed ? "malformed" : "no_cookie");
    const several = second !== undefined || former.length > 0;
    let record: SessionRecord | undefined;
    try {
      if (!several) record = await this.#ledger.read(first.id);
    } catch (error) {
      return { state: "failed", error: this.#ledger.failure(error) };
    }
    try {
      if (several) return await this.#choose(exchange, tokens, former, use);
      const now = this.#options.clock();
      const admission = verifyToken(record, new TokenProof(first), now, this.#options);
      if (!admission.admitted) return await this.#refusals.refuse(exchange, [admission]);
      const moves = this.#isSentOtherwise(admission);
      const its = moves ? { ...use, rotate: false } : use;
      const welcomed = this.#welcome(exchange, first, admission, [admission.record], now, its);
      const found = welcomed instanceof Promise ? await welcomed : welcomed;
      return moves ? await this.#move(exchange, found, now) : found;
    } catch (error) {
      // What else is thrown here is a mistake in a function of the app's, and no outage.
      if (SessionError.is(error)) return { state: "failed", error };
      throw error;
    }
  }

  /**
   * Of several cookies of our name, the first that is good. What has a name that the cookie had before counts only where
   * there is none of the name of now: it may be planted where that one cannot.
   */
  async #choose(
    exchange: Exchange,
    tokens: readonly Token[],
    former: readonly FormerToken[],
    use: RequestUse,
  ): Promise<AuthResult<Out>> {
    const all = [...tokens, ...former.map(({ token }) => token)];
    const names = [...tokens.map(() => this.#cookie.name), ...former.map(({ name }) => name)];
    const records = await this.#ledger.fetchByIds(all.map(({ id }) => id));
    const now = this.#options.clock();
    const admissions = all.map((each, index) =>
      verifyToken(records[index], new TokenProof(each), now, this.#options),
    );
    const counting = tokens.length > 0 ? admissions.slice(0, tokens.length) : admissions;
    const index = counting.findIndex(({ admitted }) => admitted);
    const best = counting[index];
    const presented = all[index];
    const copied = tokens.length > 0 && best?.admitted ? best.record.id : undefined;
    const refused = await this.#refusals.refuse(exchange, admissions, names, copied);
    if (!best?.admitted || !presented) return none(reasonOf(counting), refused.held);
    const { userKey } = best.record;
    const held = counting.flatMap((admission) => (admission.admitted ? [admission.record] : []));
    // A sibling subdomain may have planted one of them: nobody can say which.
    if (held.some((each) => each.userKey !== userKey)) return none("malformed", held);
    for (const each of admissions.slice(counting.length))
      if (each.admitted && each.record.userKey === userKey) held.push(each.record);
    // With a dead one beside it, nobody knows which of them is in the place of now: both are made one.
    const twofold = this.#cookie.sentAs !== undefined && counting.some(isOver);
    const moves = tokens.length === 0 || twofold || this.#isSentOtherwise(best);
    const its = moves ? { ...use, rotate: false } : use;
    const found = await this.#welcome(exchange, presented, best, held, now, its);
    return moves ? this.#move(exchange, found, now) : found;
  }

  /** Whether the cookie of that name is still the one of before, as far as one can know. */
  #isSentOtherwise({ data }: AcceptedToken): boolean {
    const { sentAs } = this.#cookie;
    return sentAs !== undefined && data.sentAs !== sentAs;
  }

  /**
   * Brings the session's token into the cookie of now, if it came in one of before, as soon as the response can set
   * cookies: no new secret comes with it. What is written comes first: a cookie of now is good for no session that does
   * not know of it.
   */
  async #move(exchange: Exchange, found: AuthResult<Out>, now: number): Promise<AuthResult<Out>> {
    // The holder of a retired secret has been sent another one, and that one will move.
    if (found.state !== "session" || found.match !== "current" || exchange.blocked() !== undefined)
      return found;
    const { record, data, token } = found;
    const next = moveToCurrentCookie(data, this.#options.cookie.base, this.#cookie.sentAs);
    const outcome = next === data ? "updated" : await this.#ledger.note(record, { data: next });
    if (outcome === "lost") return found;
    if (outcome === "not_found") {
      this.#cookie.clear(exchange);
      return none("revoked");
    }
    this.#cookie.send(exchange, token, now, next.persistent ? record.deadline : undefined);
    if (next === data) return found;
    return { ...found, record: { ...record, revision: record.revision + 1, data: next }, data: next };
  }

  /** What follows when a token is good: the usual request has nothing to write, and nobody else to ask. */
  #welcome(
    exchange: Exchange,
    presented: Token,
    best: AcceptedToken,
    held: readonly SessionRecord[],
    now: number,
    use: RequestUse,
  ): AuthResult<Out> | Promise<AuthResult<Out>> {
    const meta = this.#meta.read(best.data.meta);
    const due = this.#upkeep.due(exchange, presented, best, now, use);
    if (due || this.#options.validate || meta instanceof Promise) {
      return this.#examine(exchange, presented, best, held, now, due);
    }
    return meta.ok ? live(presented, best, meta, held, now) : none("meta_invalid", held);
  }

  async #examine(
    exchange: Exchange,
    presented: Token,
    best: AcceptedToken,
    held: readonly SessionRecord[],
    now: number,
    due: Due | undefined,
  ): Promise<AuthResult<Out>> {
    const meta = await this.#meta.read(best.data.meta);
    if (!meta.ok) return none("meta_invalid", held);
    const refused = await this.#refusesClient(exchange, best, now);
    if (refused) return none("client_changed", refused === "end" ? [] : held);
    const noted = due ? await this.#upkeep.write(exchange, best, now, due) : best;
    if (noted) return live(presented, noted, meta, held, now);
    // It was there a moment ago, and its secret was right: so its end is proven.
    this.#cookie.clearIfWritable(exchange);
    return none("revoked");
  }

  /** Makes more follow from a request that the middleware before has let in, if it is due. */
  async renew(exchange: Exchange, before: LiveSession<Out>, use: RequestUse): Promise<AuthResult<Out>> {
    const now = this.#options.clock();
    const due = this.#upkeep.due(exchange, before.token, before, now, use);
    if (!due) return before;
    const noted = await this.#upkeep.write(exchange, before, now, due);
    if (noted) return live(before.token, noted, { ok: true, value: before.session.meta }, before.held, now);
    this.#cookie.clearIfWritable(exchange);
    return none("revoked");
  }

  /** Reports once that `validate.ip` compares nothing. */
  #reportMissingAddress(at: number): void {
    if (this.#hasReportedMissingAddress) return;
    this.#hasReportedMissingAddress = true;
    const error = new Error(
      "validate.ip compares nothing: the adapter does not know the client's address. Configure the adapter's address or trustProxy.",
    );
    this.#events.emit("error", { error, at });
  }

  /** Whether `validate` refuses a client other than the one that the session began with. */
  async #refusesClient(
    exchange: Exchange,
    { record, data }: AcceptedToken,
    at: number,
  ): Promise<"refuse" | "end" | undefined> {
    const { validate, signer } = this.#options;
    if (!validate) return undefined;
    const seen = seenClient(exchange, this.#options, this.#events);
    if (validate.ip && seen.ip === undefined) this.#reportMissingAddress(at);
    const isNetwork = (network: string, kept: string) => signer?.verifies("address", network, kept) ?? false;
    const changed = findClientChanges(data, seen, validate, isNetwork);
    if (changed.length === 0) return undefined;
    const { id, userKey } = record;
    const action = validate.onChange;
    this.#events.emit("client_changed", { id: id as SessionId, userKey, changed, action, at });
    if (action === "report") return undefined;
    if (action === "end") {
      await this.#ledger.endById(id, "client_changed", userKey);
      this.#cookie.clearIfWritable(exchange);
    }
    return action;
  }
}
