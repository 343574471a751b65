import { SessionCookie } from "./cookie/session-cookie.ts";
import {
  createNextSecret,
  hashRoot,
  hashText,
  isSessionId,
  randomText,
  type Secret,
  TOKEN_LENGTH,
  type Token,
  TokenProof,
} from "./cookie/token.ts";
import { type Duration, parseDuration } from "./duration.ts";
import { SessionError, type UnauthorizedReason } from "./errors.ts";
import { Events } from "./events.ts";
import type { Exchange } from "./exchange.ts";
import {
  checkProviderSession,
  linkOf,
  type ProviderLogin,
  type ProviderSession,
  providerOf,
} from "./federation/provider.ts";
import {
  type AuthResult,
  type LiveSession,
  live,
  type OpenedSession,
  provedBy,
  type SessionStanding,
} from "./lifecycle/auth-result.ts";
import { Authenticator } from "./lifecycle/authenticate.ts";
import { Arrivals } from "./lifecycle/begin.ts";
import { MetaCodec } from "./lifecycle/metadata.ts";
import type { RequestUse } from "./lifecycle/refresh.ts";
import { Ledger, PAGE } from "./lifecycle/repository.ts";
import { checkOptionNames, checkPositiveInteger, parseDate } from "./options/checks.ts";
import { expiresInOf } from "./options/lifetime-options.ts";
import { type ManagerOptions, notBeforeOf, type Resolved, resolveOptions } from "./options/options.ts";
import { KEYS } from "./options/signing-keys.ts";
import { levelOf as levelIn } from "./options/step-up-options.ts";
import { checkUserKey } from "./options/user-key.ts";
import { policyOf, type SessionPolicy } from "./report/session-policy.ts";
import { isCrossOrigin, isSafe } from "./rules/cross-origin.ts";
import { computeDeadline, computeTimes, findEndReason } from "./rules/expiry.ts";
import { DEFAULT_COOKIE_NAME, type RecordData, readRecordData } from "./rules/record.ts";
import {
  addPendingAfterProof,
  confirmPendingSecret,
  countRotations,
  isPending,
  isRetired,
  replaceSecret,
  type SecretMatch,
} from "./rules/rotation.ts";
import {
  computeLevel,
  recordLogin,
  recordProof,
  type StepUpProof,
  withStepUpState,
} from "./rules/step-up.ts";
import type { AcceptedToken } from "./rules/verify-token.ts";
import { type ParsedMeta, type Session, type SessionId, SessionView } from "./session.ts";
import { createFormToken, verifyFormToken } from "./signed/form-token.ts";
import { createRevocationToken, parseRevocationToken } from "./signed/revocation-token.ts";
import type { Signer } from "./signed/signer.ts";
import type { SessionRecord, Store } from "./store.ts";

/** What a new session can be given. */
export interface InitOptions<In = undefined> {
  /** Metadata, checked by the manager's `meta`. Default: none. */
  readonly meta?: In;
  /** How long this session lives at most, and its cookie with it: "remember me". Default: the manager's `expiresIn`. */
  readonly expiresIn?: Duration;
  /** The level that this login reached, for `auth({ level })`: say 2 with a second factor. Default 1. */
  readonly level?: number;
  /**
   * Default `"refuse"`: `ERR_CROSS_ORIGIN` for a login that a page of another origin sends, unless the middleware before
   * allows it. `"allow"`: every page on the web may log its visitors in, as whom it likes: only behind a check of `state`
   * and `nonce`, where an identity provider sends the user back by a form.
   */
  readonly crossOrigin?: "allow" | "refuse";
  /**
   * The identity provider by which the user has logged in: this session ends with the provider's at the latest, and can
   * be found by it. Default: none. `TypeError` where there is a `sid` and the store has no `fetchByLink`;
   * `ERR_UNAUTHORIZED` (`expired`) where the provider's session is over.
   */
  readonly provider?: ProviderLogin;
}

/**
 * Holds a store and the options, and carries out what they say. Give it to an adapter, which has the verbs for
 * requests; what it has itself is for jobs and admin code.
 *
 * Throws `TypeError` for wrong options, naming the option and the mend. Its methods throw `ERR_STORE` when the store
 * does not answer.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore(), { idleTimeout: "30m" });
 * export const sessions = expressSessions(manager);
 * ```
 */
export class Manager<In = undefined, Out extends In = In> {
  /** Where to hear of what happens to sessions. */
  readonly events: Events = new Events();
  /** Under which a context keeps its state of this manager. @internal */
  readonly key: symbol = Symbol("sessionup");
  /** @internal */
  readonly cookie: SessionCookie;
  /** @internal */
  readonly ledger: Ledger;
  readonly #given: readonly [Store, ManagerOptions<In, Out>];
  readonly #options: Resolved<In, Out>;
  readonly #meta: MetaCodec<In, Out>;
  readonly #arrivals: Arrivals;
  readonly #authenticator: Authenticator<Out>;
  #policy: SessionPolicy | undefined;

  constructor(store: Store, options: ManagerOptions<In, Out> = {}) {
    this.#given = [store, { ...options }];
    this.#options = resolveOptions(options);
    this.#meta = new MetaCodec(this.#options.meta, this.#options.maxMetaBytes);
    const { cookie, clearSiteData } = this.#options;
    this.cookie = new SessionCookie({ ...cookie, clearSiteData });
    this.ledger = new Ledger(store, this.#options, this.events);
    this.#arrivals = new Arrivals(this.ledger, this.#options, this.events);
    this.#authenticator = new Authenticator({
      ledger: this.ledger,
      cookie: this.cookie,
      meta: this.#meta,
      options: this.#options,
      events: this.events,
    });
  }

  /**
   * A second manager over the same store, with these options in place of the first one's (`cookie` and `client` are
   * merged). It has events and a `notBefore` of its own; only the first one reports what the store's cleanup removes.
   * Sessions of a manager with another `cookie.name` are nothing to it, but a user key means the same user to both: lists
   * and `revokeAll` see all of them.
   */
  with<NewIn = In, NewOut extends NewIn = Out extends NewIn ? Out : NewIn>(
    options: ManagerOptions<NewIn, NewOut>,
  ): Manager<NewIn, NewOut> {
    const [store, given] = this.#given;
    const { previous: _, ...sent } = given.cookie ?? {};
    // What the cookie of another name was before was not the one of this name: that would let the first one's users in.
    const cookie = { ...(options.cookie?.name === undefined ? given.cookie : sent), ...options.cookie };
    const client = { ...given.client, ...options.client };
    // As it is by now.
    const { notBefore } = this;
    const all = { ...given, notBefore, ...options, cookie, client } as ManagerOptions<NewIn, NewOut>;
    const second = new Manager(store, all);
    // The first manager reports them: an app that listens to both would count them twice.
    second.ledger.ignoreCleanup();
    return second;
  }

  /** The live sessions of a user, newest first; with a page, at most its `limit` (1 000) behind the session `before`. */
  async fetchByUserKey(
    userKey: string,
    page?: { readonly limit?: number; readonly before?: Session<Out> },
  ): Promise<readonly Session<Out>[]> {
    checkUserKey(userKey);
    if (!page) return this.list(userKey);
    checkOptionNames(page, "page", ["limit", "before"]);
    const { limit = PAGE, before } = page;
    checkPositiveInteger(limit, "page.limit");
    const cursor = before && { createdAt: before.createdAt.getTime(), id: before.id };
    return this.#listed(await this.ledger.page(userKey, { limit, ...(cursor && { before: cursor }) }));
  }

  /** Ends a session by its id, whoever's it is; whether it was there. */
  async revokeById(id: string): Promise<boolean> {
    if (typeof id !== "string") throw new TypeError("id: needs a string");
    return (await this.ledger.endById(id, "revoked")) === "deleted";
  }

  /**
   * A text for a link by which whoever gets it ends that one session, without being logged in: "this wasn't me", in the
   * message about a new login. It works until `expiresIn` is over (default `"7d"`) or the session is, and so once. Answer
   * its `GET` with a page that has a button, and end the session by the `POST` of that: scanners of mail follow every link.
   *
   * Throws `TypeError` without the option `keys`.
   */
  revocationToken(id: string, options: { readonly expiresIn?: Duration } = {}): string {
    if (!isSessionId(id)) throw new TypeError("revocationToken: needs the id of a session");
    checkOptionNames(options, "revocationToken", ["expiresIn"]);
    const { expiresIn = "7d" } = options;
    const until = this.#options.clock() + parseDuration(expiresIn, "revocationToken.expiresIn");
    return createRevocationToken(this.#signer("revocationToken"), id, until);
  }

  /** Ends the session that such a link is about; whether it was there. False for whatever is no such text, and for an old one. */
  async revokeByToken(token: unknown): Promise<boolean> {
    const id = parseRevocationToken(this.#signer("revokeByToken"), token, this.#options.clock());
    return id !== undefined && (await this.ledger.endById(id, "revoked")) === "deleted";
  }

  /** Ends the sessions of a user, but for those in `except`; the ids of those that ended. */
  async revokeByUserKey(
    userKey: string,
    options: { readonly except?: readonly string[] } = {},
  ): Promise<readonly SessionId[]> {
    checkUserKey(userKey);
    checkOptionNames(options, "revokeByUserKey", ["except"]);
    const { except = [] } = options;
    // A bare id would be taken for a list of letters, and nothing of it be spared.
    if (!Array.isArray(except)) throw new TypeError("revokeByUserKey.except: needs a list of ids");
    return this.ledger.endByUserKey(userKey, "revoked", except);
  }

  /**
   * Ends the sessions that depend on a session of an identity provider, whoever's; their ids. What a route for OIDC
   * back-channel logout calls when it has verified the logout token. `TypeError` where the store has no `fetchByLink`.
   *
   * @example
   * ```ts
   * import { Manager } from "sessionup";
   * import { memoryStore } from "sessionup/stores/memory";
   *
   * const manager = new Manager(memoryStore());
   * declare function verified(logoutToken: string): Promise<{ iss: string; sid: string }>; // yours
   *
   * async function backChannelLogout(body: URLSearchParams): Promise<void> {
   *   const { iss, sid } = await verified(body.get("logout_token") ?? "");
   *   await manager.revokeByProviderSession({ issuer: iss, sid });
   * }
   * ```
   */
  async revokeByProviderSession(session: ProviderSession): Promise<readonly SessionId[]> {
    checkProviderSession(session);
    this.ledger.assertLinks("revokeByProviderSession");
    const { issuer, sid } = session;
    // The link finds it, the record says what it is.
    return this.ledger.endByLink(linkOf(session), "revoked", (record) => {
      const provider = readRecordData(record)?.provider;
      return provider?.issuer === issuer && provider.sid === sid;
    });
  }

  /**
   * Ends everyone's sessions that began before that moment, whichever manager of the store began them; how many. In
   * steps: set `notBefore` first, which holds at once. `TypeError` for what is no date, and where the store has no
   * `deleteCreatedBefore`: then leave `notBefore` set until the last of them would have expired.
   *
   * @example
   * ```ts
   * import { Manager } from "sessionup";
   * import { memoryStore } from "sessionup/stores/memory";
   *
   * const manager = new Manager(memoryStore());
   * const breach = new Date("2026-01-31T12:00:00Z");
   * manager.notBefore = breach; // in every process
   * console.log(await manager.revokeAllBefore(breach)); // once
   * ```
   */
  async revokeAllBefore(moment: Date): Promise<number> {
    return this.ledger.endCreatedBefore(parseDate(moment, "revokeAllBefore"), "revoked");
  }

  /**
   * Sessions that began before that moment are refused as `revoked` and listed nowhere, by this manager, from the next
   * request on: it costs no request anything. Set it in every process, on every manager; one that `with` makes
   * afterwards has it too. `TypeError` for what is no date.
   */
  get notBefore(): Date | undefined {
    const { notBefore } = this.#options.lifetime;
    return notBefore === undefined ? undefined : new Date(notBefore);
  }

  set notBefore(moment: Date | undefined) {
    this.#options.lifetime.notBefore = notBeforeOf(moment);
    this.#policy = undefined;
  }

  /** What the options come to, in data and in words: for monitoring, and for an auditor. Another one when `notBefore` is set. */
  get policy(): SessionPolicy {
    this.#policy ??= policyOf(this.#options, this.ledger.links);
    return this.#policy;
  }

  /** Lets the store go: timers and connections that it opened itself. The app's own client stays open. */
  async close(): Promise<void> {
    await this.ledger.close();
  }

  /** Who the request is, by its cookie. Never throws on what a client sent. @internal */
  authenticate(exchange: Exchange, use: RequestUse): Promise<AuthResult<Out>> {
    return this.#authenticator.authenticate(exchange, use);
  }

  /** Makes more follow from a request that is known already, if it is due. @internal */
  renew(exchange: Exchange, before: LiveSession<Out>, use: RequestUse): Promise<AuthResult<Out>> {
    return this.#authenticator.renew(exchange, before, use);
  }

  /** Whether secrets are replaced by time. @internal */
  get rotates(): boolean {
    return this.#options.rotateEvery !== undefined;
  }

  /** The error to refuse with what a page of another origin sent; `undefined` for all else. @internal */
  refusesOrigin(exchange: Exchange): SessionError | undefined {
    const method = exchange.method();
    if (isSafe(method)) return undefined;
    const request = {
      method,
      origin: exchange.header("origin"),
      site: exchange.header("sec-fetch-site"),
      host: exchange.host ? exchange.host() : exchange.header("host"),
      isHttps: exchange.isHttps?.() ?? false,
    };
    if (!isCrossOrigin(request, this.#options.trustedOrigins)) return undefined;
    this.rejected("cross_origin");
    return new SessionError("ERR_CROSS_ORIGIN", "a page of another origin sent this request");
  }

  /** @internal */
  formToken({ record, data }: LiveSession<Out>): string {
    return createFormToken(this.#signer("formToken"), { id: record.id, root: data.root });
  }

  /** The error to refuse a form with that has not the token of this session. @internal */
  refusesForm({ record, data }: LiveSession<Out>, text: unknown): SessionError | undefined {
    if (verifyFormToken(this.#signer("verifyFormToken"), { id: record.id, root: data.root }, text))
      return undefined;
    this.rejected("cross_origin");
    return new SessionError("ERR_CROSS_ORIGIN", "the form has no token of this session");
  }

  #signer(what: string): Signer {
    const { signer } = this.#options;
    if (signer) return signer;
    throw new TypeError(`${what}: needs the option keys, ${KEYS}`);
  }

  /** Milliseconds since 1970, by the manager's clock. @internal */
  now(): number {
    return this.#options.clock();
  }

  /** Begins a session, ends those that the browser held, and sets the cookie. @internal */
  async create(
    exchange: Exchange,
    userKey: string,
    { meta, expiresIn, level, provider }: InitOptions<In>,
    held: readonly SessionRecord[],
  ): Promise<LiveSession<Out>> {
    const { clock, lifetime, nist, cookie } = this.#options;
    const ownLifetime = { ...lifetime, expiresIn: expiresInOf(expiresIn, nist) ?? lifetime.expiresIn };
    const ownLevel = levelIn(level, "init");
    const login = provider && providerOf(provider);
    if (login?.link !== undefined) this.ledger.assertLinks("init.provider.sid");
    const { json, parsed } = await this.#meta.write(meta);
    const now = clock();
    if (login?.latest !== undefined && login.latest <= now) throw SessionError.unauthorized("expired");
    const { kept, told, device } = await this.#arrivals.of(exchange, userKey, now);
    const secret = (randomText(TOKEN_LENGTH.root) + this.#options.generateSecret()) as Secret;
    const data: RecordData = {
      v: 1,
      ...(cookie.base !== DEFAULT_COOKIE_NAME && { cookie: cookie.base }),
      ...(this.cookie.sentAs !== undefined && { sentAs: this.cookie.sentAs }),
      ...(ownLifetime.expiresIn !== undefined && { persistent: true }),
      root: hashRoot(secret),
      secret: hashText(secret),
      ...recordLogin(ownLevel, now),
      ...(login && { provider: login.kept }),
      ...kept,
      ...(json !== undefined && { meta: json }),
    };
    const link = login?.link !== undefined && { link: login.link };
    const replaced = held.find((record) => record.userKey === userKey);
    this.cookie.assertWritable(exchange);
    const draft = { userKey, revision: 0, ...computeTimes(now, ownLifetime, login?.latest), ...link, data };
    const record = await this.ledger.insert(draft, replaced);
    const id = record.id as SessionId;
    try {
      for (const other of held)
        if (other !== replaced) await this.ledger.endById(other.id, "logout", other.userKey);
      this.#send(exchange, { id, secret }, record, data);
      if (device) exchange.setCookie(device);
    } catch (error) {
      await this.ledger.undo(record);
      throw error;
    }
    this.events.emit("created", { id, userKey, at: now, ...told });
    return live({ id, secret }, { admitted: true, record, data, match: "current" }, parsed, [record], now);
  }

  /** Replaces the secret; with a proof, also notes that the user has just given it. @internal */
  async rotate(exchange: Exchange, before: LiveSession<Out>, proof?: StepUpProof): Promise<LiveSession<Out>> {
    this.cookie.assertWritable(exchange);
    const { clock } = this.#options;
    const secret = createNextSecret(before.token.secret, this.#options.generateSecret);
    const hash = hashText(secret);
    const { after, meta } = await this.#change(before, (data, match) => {
      const now = clock();
      const known = isPending(match) ? confirmPendingSecret(data, match, now) : data;
      if (match === "current" || known !== data) {
        const next = replaceSecret(known, hash, now);
        return proof ? withStepUpState(next, recordProof(known, proof, now)) : next;
      }
      // The holder of a retired secret gets another one only for a proof: the response with the last one may be lost.
      return (
        (proof &&
          addPendingAfterProof(data, hash, recordProof(provedBy({ data, match }), proof, now), now)) ||
        data
      );
    });
    const { record, data } = after;
    const match = data.secret === hash ? "current" : data.pending?.find((each) => each.hash === hash);
    if (!match) return live(before.token, after, meta, before.held, clock());
    const id = record.id as SessionId;
    this.#send(exchange, { id, secret }, record, data);
    const by = proof ? "reauthenticate" : "rotate";
    this.events.emit("rotated", { id, userKey: record.userKey, at: clock(), by });
    return live({ id, secret }, { ...after, match }, meta, before.held, clock());
  }

  /** Changes the metadata, once more from the start whenever somebody else was faster. @internal */
  async updateMeta(
    before: LiveSession<Out>,
    update: (meta: Out) => In | Promise<In>,
  ): Promise<LiveSession<Out>> {
    const { after, meta } = await this.#change(before, async ({ meta, ...rest }) => {
      const old = await this.#meta.read(meta);
      if (!old.ok) throw old.error;
      const { json } = await this.#meta.write(await update(old.value));
      return { ...rest, ...(json !== undefined && { meta: json }) } as RecordData;
    });
    return live(before.token, after, meta, before.held, this.#options.clock());
  }

  async #change(
    before: LiveSession<Out>,
    next: (data: RecordData, match: SecretMatch) => RecordData | Promise<RecordData>,
  ): Promise<{ readonly after: AcceptedToken; readonly meta: ParsedMeta<Out> }> {
    const after = await this.ledger.change(before, new TokenProof(before.token), next);
    return { after, meta: await this.#meta.read(after.data.meta) };
  }

  /** All live sessions of a user, newest first. @internal */
  async list(userKey: string, current?: SessionId): Promise<readonly Session<Out>[]> {
    return this.#listed(await this.ledger.list(userKey), current);
  }

  async #listed(records: readonly SessionRecord[], current?: SessionId): Promise<readonly Session<Out>[]> {
    const now = this.#options.clock();
    const sessions: Session<Out>[] = [];
    for (const record of records) {
      const data = readRecordData(record);
      if (!data || findEndReason(record, now, this.#options.lifetime)) continue;
      const meta = await this.#meta.read(data.meta);
      sessions.push(new SessionView(record, data, meta, record.id === current, computeLevel(data, now)));
    }
    return sessions;
  }

  /** What a connection that outlives its request must know of the session that opened it. @internal */
  opened({ record, data, match }: LiveSession<Out>): OpenedSession {
    const deadline = computeDeadline(record, this.#options.lifetime);
    const id = record.id as SessionId;
    const turns = countRotations(data);
    if (isRetired(match) && match.until < deadline) return { id, turns, endsAt: match.until, retires: true };
    return { id, turns, endsAt: deadline, retires: false };
  }

  /**
   * Returns why each of these sessions is over, or how often its secret was replaced. Asks once for a thousand, and is no
   * activity. Throws when the store does not answer.
   *
   * @internal
   */
  async standings(ids: readonly SessionId[]): Promise<ReadonlyMap<SessionId, SessionStanding>> {
    const standings = new Map<SessionId, SessionStanding>();
    for (let start = 0; start < ids.length; start += PAGE) {
      const some = ids.slice(start, start + PAGE);
      const records = await this.ledger.fetchByIds(some);
      const now = this.#options.clock();
      for (const [index, id] of some.entries()) {
        const record = records[index];
        const data = record && readRecordData(record);
        if (!data) {
          standings.set(id, { over: "unknown" });
          continue;
        }
        const over = record.ended?.reason ?? findEndReason(record, now, this.#options.lifetime);
        standings.set(id, over ? { over } : { turns: countRotations(data) });
      }
    }
    return standings;
  }

  /** Tells of a request that was refused. @internal */
  rejected(reason: UnauthorizedReason | "cross_origin"): void {
    this.events.emit("rejected", { reason, at: this.#options.clock() });
  }

  #send(exchange: Exchange, sent: Token, { deadline }: SessionRecord, { persistent }: RecordData): void {
    this.cookie.send(exchange, sent, this.#options.clock(), persistent ? deadline : undefined);
  }
}
