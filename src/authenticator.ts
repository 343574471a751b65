import { type Authentication, type Live, live, type None, none } from "./authentication.ts";
import { SessionError, type UnauthorizedReason } from "./errors.ts";
import type { Events } from "./events.ts";
import type { Exchange } from "./exchange.ts";
import { clientChanges } from "./identity/change.ts";
import type { Ledger } from "./ledger.ts";
import type { MetaCodec } from "./meta.ts";
import type { Resolved } from "./options.ts";
import { type Admission, type Admitted, admit } from "./policy/admission.ts";
import { activityDue } from "./policy/lifetime.ts";
import { moved } from "./policy/moving.ts";
import { confirmed, isFetchedAhead, isPending, mayBring, rotationDue, sent } from "./policy/rotation.ts";
import { seenClient } from "./seen-client.ts";
import type { SessionId } from "./session.ts";
import type { CoreData } from "./session-data.ts";
import type { SessionChange, SessionRecord } from "./store.ts";
import type { FormerToken, SessionCookie } from "./wire/session-cookie.ts";
import { hashOf, nextSecret, type Secret, type Token, TokenProof } from "./wire/token.ts";

/** What may follow from a request besides knowing who it is. @internal */
export interface Use {
  /** It counts as activity. */
  readonly touch: boolean;
  /** Its response may bring a new secret. */
  readonly rotate: boolean;
}

/** The parts of a manager that authentication needs. */
interface Parts<Out> {
  readonly ledger: Ledger;
  readonly cookie: SessionCookie;
  readonly meta: MetaCodec<unknown, Out>;
  readonly options: Resolved<unknown, unknown>;
  readonly events: Events;
}

/** What a request is due to write, and the secret that its response then brings. */
interface Due {
  readonly change: SessionChange;
  readonly data: CoreData;
  readonly secret: Secret | undefined;
}

/** Finds out who a request is. @internal */
export class Authenticator<Out> {
  readonly #ledger: Ledger;
  readonly #cookie: SessionCookie;
  readonly #meta: MetaCodec<unknown, Out>;
  readonly #options: Resolved<unknown, unknown>;
  readonly #events: Events;

  constructor({ ledger, cookie, meta, options, events }: Parts<Out>) {
    this.#ledger = ledger;
    this.#cookie = cookie;
    this.#meta = meta;
    this.#options = options;
    this.#events = events;
  }

  /** Who the request is, by its cookie. Never throws on what a client sent. */
  async authenticate(exchange: Exchange, use: Use): Promise<Authentication<Out>> {
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
      const admission = admit(record, new TokenProof(first), now, this.#options);
      if (!admission.admitted) return await this.#refuse(exchange, [admission], now);
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
    use: Use,
  ): Promise<Authentication<Out>> {
    const all = [...tokens, ...former.map(({ token }) => token)];
    const names = [...tokens.map(() => this.#cookie.name), ...former.map(({ name }) => name)];
    const records = await this.#ledger.fetchByIds(all.map(({ id }) => id));
    const now = this.#options.clock();
    const admissions = all.map((each, index) =>
      admit(records[index], new TokenProof(each), now, this.#options),
    );
    const counting = tokens.length > 0 ? admissions.slice(0, tokens.length) : admissions;
    const index = counting.findIndex(({ admitted }) => admitted);
    const best = counting[index];
    const presented = all[index];
    const copied = tokens.length > 0 && best?.admitted ? best.record.id : undefined;
    await this.#refuse(exchange, admissions, now, names, copied);
    if (!best?.admitted || !presented) return none(reasonOf(counting));
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
  #isSentOtherwise({ data }: Admitted): boolean {
    const { sentAs } = this.#cookie;
    return sentAs !== undefined && data.sentAs !== sentAs;
  }

  /**
   * Brings the session's token into the cookie of now, if it came in one of before, as soon as the response can set
   * cookies: no new secret comes with it. What is written comes first: a cookie of now is good for no session that does
   * not know of it.
   */
  async #move(exchange: Exchange, found: Authentication<Out>, now: number): Promise<Authentication<Out>> {
    // The holder of a retired secret has been sent another one, and that one will move.
    if (found.state !== "session" || found.match !== "current" || exchange.blocked() !== undefined)
      return found;
    const { record, data, token } = found;
    const next = moved(data, this.#options.cookie.base, this.#cookie.sentAs);
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
    best: Admitted,
    held: readonly SessionRecord[],
    now: number,
    use: Use,
  ): Authentication<Out> | Promise<Authentication<Out>> {
    const meta = this.#meta.read(best.data.meta);
    const due = this.#due(exchange, presented, best, now, use);
    if (due || this.#options.validate || meta instanceof Promise) {
      return this.#examine(exchange, presented, best, held, now, due);
    }
    return meta.ok ? live(presented, best, meta, held, now) : none("meta_invalid", held);
  }

  async #examine(
    exchange: Exchange,
    presented: Token,
    best: Admitted,
    held: readonly SessionRecord[],
    now: number,
    due: Due | undefined,
  ): Promise<Authentication<Out>> {
    const meta = await this.#meta.read(best.data.meta);
    if (!meta.ok) return none("meta_invalid", held);
    const refused = await this.#refusesClient(exchange, best, now);
    if (refused) return none("client_changed", refused === "end" ? [] : held);
    const noted = due ? await this.#note(exchange, best, now, due) : best;
    if (noted) return live(presented, noted, meta, held, now);
    // It was there a moment ago, and its secret was right: so its end is proven.
    this.#cookie.clearIfWritable(exchange);
    return none("revoked");
  }

  /** Makes more follow from a request that the middleware before has let in, if it is due. */
  async renew(exchange: Exchange, before: Live<Out>, use: Use): Promise<Authentication<Out>> {
    const now = this.#options.clock();
    const due = this.#due(exchange, before.token, before, now, use);
    if (!due) return before;
    const noted = await this.#note(exchange, before, now, due);
    if (noted) return live(before.token, noted, { ok: true, value: before.session.meta }, before.held, now);
    this.#cookie.clearIfWritable(exchange);
    return none("revoked");
  }

  /** What is to be written because of this request, and what is to be sent when it has been; mostly nothing. */
  #due(
    exchange: Exchange,
    presented: Token,
    { record, data, match }: Admitted,
    now: number,
    { touch, rotate }: Use,
  ): Due | undefined {
    let activity = touch ? activityDue(record, now, this.#options.lifetime) : undefined;
    // Nobody may ever look at what is fetched ahead (NIST SP 800-63B-4 section 5.2).
    if (activity && isFetchedAhead(purposeOf(exchange))) activity = undefined;
    let next = isPending(match) ? confirmed(data, match, now) : data;
    let secret: Secret | undefined;
    const current = match === "current" || next !== data;
    if (rotate && current && rotationDue(next, record, now, this.#options.rotateEvery)) {
      const purpose = purposeOf(exchange);
      // Where it cannot be sent, it must not be made.
      if (mayBring({ purpose, upgrade: exchange.header("upgrade") }) && exchange.blocked() === undefined) {
        secret = nextSecret(presented.secret, this.#options.generateSecret);
        next = sent(next, hashOf(secret), now);
      }
    }
    if (!activity && next === data) return undefined;
    return {
      change: { ...(activity && { activity }), ...(next !== data && { data: next }) },
      data: next,
      secret,
    };
  }

  /** Writes it. Who was not the first to write sends nothing; `undefined` where the session is over. */
  async #note(
    exchange: Exchange,
    best: Admitted,
    now: number,
    { change, data, secret }: Due,
  ): Promise<Admitted | undefined> {
    const { record } = best;
    const outcome = await this.#ledger.note(record, change);
    if (outcome === "not_found") return undefined;
    if (outcome === "lost") return best;
    const id = record.id as SessionId;
    if (secret)
      this.#cookie.send(exchange, { id, secret }, now, data.persistent ? record.deadline : undefined);
    if (isPending(best.match)) this.#events.emit("rotated", { id, userKey: record.userKey, at: now });
    const revision = record.revision + (change.data ? 1 : 0);
    const match = isPending(best.match) ? "current" : best.match;
    return { admitted: true, record: { ...record, ...change.activity, revision, data }, data, match };
  }

  /**
   * What follows for the tokens that are not good; the reason, if no other one is. `names` are those of their cookies;
   * of the session `copied` there is a token in the cookie of now, so that none of before is needed.
   */
  async #refuse(
    exchange: Exchange,
    admissions: readonly Admission[],
    now: number,
    names: readonly string[] = [this.#cookie.name],
    copied?: string,
  ): Promise<None> {
    for (const each of admissions) if (!each.admitted) await this.#notice(each, admissions, now);
    for (const name of new Set(names)) {
      // Of several of a name nobody knows which of them a clearing would hit: the end of all must be proven.
      const proven = admissions.every((each, index) => {
        if (names[index] !== name || isOver(each)) return true;
        return each.admitted && each.record.id === copied && name !== this.#cookie.name;
      });
      if (proven) this.#cookie.clearIfWritable(exchange, name);
    }
    return none(reasonOf(admissions));
  }

  /** Tells of a session that is over, and ends one whose old secret came back. */
  async #notice(
    admission: Exclude<Admission, Admitted>,
    all: readonly Admission[],
    at: number,
  ): Promise<void> {
    // What was ended is told of when that was done.
    if (admission.reason === "unknown" || admission.record.ended) return;
    const { id, userKey } = admission.record;
    if (admission.reason !== "reused") {
      this.#events.emit("ended", { ids: [id as SessionId], userKey, reason: admission.reason, at });
    } else if (!all.some((each) => each.admitted && each.record.id === id)) {
      // Whoever brings the current secret with it is no thief, but has a cookie left over from another path.
      await this.#ledger.endById(id, "reused", userKey);
    }
  }

  /** Whether `validate` refuses a client other than the one that the session began with. */
  async #refusesClient(
    exchange: Exchange,
    { record, data }: Admitted,
    at: number,
  ): Promise<"refuse" | "end" | undefined> {
    const { validate, signer } = this.#options;
    const isNetwork = (network: string, kept: string) => signer?.verifies("address", network, kept) ?? false;
    const changed = validate
      ? clientChanges(data, seenClient(exchange, this.#options, this.#events), validate, isNetwork)
      : [];
    if (!validate || changed.length === 0) return undefined;
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

/** What browsers say of a request that no user has made yet: today's ones by the first header. */
function purposeOf(exchange: Exchange): string | undefined {
  return exchange.header("sec-purpose") ?? exchange.header("purpose");
}

/** Whether the session's end is proven to its holder. */
function isOver(
  admission: Admission,
): admission is Exclude<Admission, Admitted | { readonly reason: "unknown" }> {
  return !admission.admitted && admission.reason !== "unknown";
}

/** Why nobody gets in: what can be told of the first that can tell. */
function reasonOf(admissions: readonly Admission[]): UnauthorizedReason {
  return admissions.find(isOver)?.reason ?? "unknown";
}
