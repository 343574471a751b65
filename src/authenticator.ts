import { type Authentication, type Live, live, type None, none } from "./authentication.ts";
import { SessionError } from "./errors.ts";
import type { Events } from "./events.ts";
import type { Exchange } from "./exchange.ts";
import { type Client, clientChanges } from "./identity/change.ts";
import { clientOf } from "./identity/client.ts";
import type { Ledger } from "./ledger.ts";
import type { MetaCodec } from "./meta.ts";
import type { Resolved } from "./options.ts";
import { type Admission, type Admitted, admit } from "./policy/admission.ts";
import { activityDue } from "./policy/lifetime.ts";
import { confirmed, isFetchedAhead, isPending, mayBring, rotationDue, sent } from "./policy/rotation.ts";
import type { SessionId } from "./session.ts";
import type { CoreData } from "./session-data.ts";
import type { SessionChange, SessionRecord } from "./store.ts";
import type { SessionCookie } from "./wire/session-cookie.ts";
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
    const [first, second] = tokens;
    if (!first) return none(malformed ? "malformed" : "no_cookie");
    let record: SessionRecord | undefined;
    try {
      if (!second) record = await this.#ledger.read(first.id);
    } catch (error) {
      return { state: "failed", error: this.#ledger.failure(error) };
    }
    try {
      if (second) return await this.#choose(exchange, tokens, use);
      const now = this.#options.clock();
      const admission = admit(record, new TokenProof(first), now, this.#options);
      if (!admission.admitted) return await this.#refuse(exchange, [admission], now);
      const welcomed = this.#welcome(exchange, first, admission, [admission.record], now, use);
      return welcomed instanceof Promise ? await welcomed : welcomed;
    } catch (error) {
      // What else is thrown here is a mistake in a function of the app's, and no outage.
      if (SessionError.is(error)) return { state: "failed", error };
      throw error;
    }
  }

  /** Of several cookies of our name, the first that is good. */
  async #choose(exchange: Exchange, tokens: readonly Token[], use: Use): Promise<Authentication<Out>> {
    const records = await this.#ledger.fetchByIds(tokens.map(({ id }) => id));
    const now = this.#options.clock();
    const admissions = tokens.map((each, index) =>
      admit(records[index], new TokenProof(each), now, this.#options),
    );
    const refused = await this.#refuse(exchange, admissions, now);
    const index = admissions.findIndex(({ admitted }) => admitted);
    const best = admissions[index];
    const presented = tokens[index];
    if (!best?.admitted || !presented) return refused;
    const held = admissions.flatMap((admission) => (admission.admitted ? [admission.record] : []));
    // A sibling subdomain may have planted one of them: nobody can say which.
    if (held.some(({ userKey }) => userKey !== best.record.userKey)) return none("malformed", held);
    return this.#welcome(exchange, presented, best, held, now, use);
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

  /** What follows for the tokens that are not good; the reason, if no other one is. */
  async #refuse(exchange: Exchange, admissions: readonly Admission[], now: number): Promise<None> {
    const refused = admissions.filter((admission) => !admission.admitted);
    for (const each of refused) await this.#notice(each, admissions, now);
    // With several cookies nobody knows which of them a clearing would hit: the end of all must be proven.
    const proven =
      refused.length === admissions.length && refused.every(({ reason }) => reason !== "unknown");
    if (proven) this.#cookie.clearIfWritable(exchange);
    return none(refused.find(({ reason }) => reason !== "unknown")?.reason ?? "unknown");
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
    const { validate } = this.#options;
    const changed = validate
      ? clientChanges(data, seenClient(exchange, this.#options, this.#events), validate)
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

/** Who is asking, as far as the options want to know. @internal */
export function seenClient(
  exchange: Exchange,
  { client, trust, clock }: Resolved<unknown, unknown>,
  events: Events,
): Client {
  return clientOf(exchange, client, trust, (cause) => {
    events.emit("error", { error: new Error("client.parse failed", { cause }), at: clock() });
  });
}
