import { hashToken, randomText, TOKEN_LENGTH } from "../../cookie/token.ts";
import { SessionError } from "../../errors.ts";
import type { SessionsInternals } from "../../http/sessions.ts";
import { type LiveSession, toLiveSession } from "../../lifecycle/auth-result.ts";
import type { RequestUse } from "../../lifecycle/refresh.ts";
import { continueWith, isPromise } from "../../rules/maybe-promise.ts";
import { verifyToken } from "../../rules/verify-token.ts";
import type { MaybePromise } from "../../store.ts";
import {
  applyChanges,
  type Changes,
  checkKept,
  findChanges,
  requireObject,
  type Texts,
  toAppliedTexts,
  toTexts,
} from "./changes.ts";
import { createCookieObject } from "./cookie-object.ts";
import { Operations } from "./operations.ts";
import {
  isDataKey,
  type RequestSession,
  type SessionAction,
  type SessionCallback,
  SessionObject,
} from "./session-object.ts";

/** The sessions of users, or those of visitors. */
export type Side<Context> = SessionsInternals<Context, unknown, unknown>;

/** The sessions of both sides. */
export interface Sides<Context> {
  readonly users: Side<Context>;
  readonly visitors: Side<Context>;
}

/** The session that a request has at the moment. Without `live`, nothing is stored. */
interface Owner<Context> {
  readonly side: Side<Context>;
  readonly id: string;
  readonly live: LiveSession<unknown> | undefined;
}

/** The object that the app received, and the data that was stored then. */
interface Shown {
  readonly id: string;
  readonly object: SessionObject;
  stored: Texts;
}

/** Loading alone is not activity: a poll may never read its session. */
const LOAD: RequestUse = { touch: false, rotate: false };
const READ: RequestUse = { touch: true, rotate: false };

/** Holds what `req.session` is during one request: the user's session if there is one, otherwise the visitor's. */
export class SessionSlot<Context> {
  readonly #sides: Sides<Context>;
  readonly #context: Context;
  readonly #next: (error: unknown) => void;
  #newId: string | undefined;
  #shown: Shown | undefined;
  /** The session that was destroyed or unset, and what `req.session` is since then. */
  #gone: { readonly id: string; readonly value: null | undefined } | undefined;
  /** Whether the request arrived with the session of a user. */
  #hadUser = false;
  #hasEndedVisitor = false;
  #isRead = false;
  readonly #operations: Operations = new Operations((error) => this.fail(error));
  #isClosed = false;

  constructor(sides: Sides<Context>, context: Context, next: (error: unknown) => void) {
    this.#sides = sides;
    this.#context = context;
    this.#next = next;
  }

  /** Loads the user's session, or the visitor's. Throws `ERR_CROSS_ORIGIN` and `ERR_STORE`. */
  load(): MaybePromise<void> {
    const { users, visitors } = this.#sides;
    const state = users.getState(this.#context);
    state.checkOrigin();
    const visitor = visitors.getState(this.#context);
    // The origin has just been checked, or an earlier middleware accepts any.
    visitor.acceptAnyOrigin();
    return continueWith(state.load(LOAD), (user) => {
      if (user.state === "failed") throw user.error;
      if (user.state === "session") {
        this.#hadUser = true;
        return undefined;
      }
      return continueWith(visitor.load(LOAD), (found) => {
        if (found.state === "failed") throw found.error;
      });
    });
  }

  get id(): string {
    return this.#findOwner().id;
  }

  /** Returns the session to the app, and counts the request as activity. */
  read(): RequestSession | null | undefined {
    const { side, live } = this.#findOwner();
    if (!this.#isRead && live) {
      const touched = side.getState(this.#context).load(READ);
      if (isPromise(touched)) this.#operations.begin(() => touched);
    }
    this.#isRead = true;
    return this.session;
  }

  /** The session object, `undefined` after `destroy`, and what the app has set it to after that. */
  get session(): RequestSession | null | undefined {
    const owner = this.#findOwner();
    if (this.#gone) {
      if (!owner.live || owner.id === this.#gone.id) return this.#gone.value;
      this.#gone = undefined;
    }
    return this.#show(owner).object;
  }

  set session(value: unknown) {
    if (value === null || value === undefined) this.#gone = { id: this.#findOwner().id, value };
    else
      throw new TypeError(
        "req.session cannot be replaced by another object. Assign its properties, or call regenerate() for an empty session.",
      );
  }

  /** Passes an error to the app, whose error handler responds. Nothing is saved any more. */
  fail(error: unknown): void {
    this.#isClosed = true;
    this.#next(error);
  }

  /** Finishes the session's work before the response leaves. Returns `undefined` if there is none. */
  prepare(): Promise<void> | undefined {
    if (this.#isClosed) return undefined;
    try {
      const shown = this.#findShown();
      const isUnchanged = !shown || readChanges(shown).size === 0;
      if (this.#operations.isIdle && isUnchanged && !this.#mustEndVisitor()) return undefined;
    } catch (error) {
      // Data that is not JSON, such as a bigint.
      return Promise.reject(error);
    }
    return this.#finish();
  }

  async #finish(): Promise<void> {
    await this.#operations.settle();
    if (this.#mustEndVisitor()) await this.#endVisitor();
    const shown = this.#findShown();
    if (shown) await this.#save(shown);
  }

  #findOwner(): Owner<Context> {
    const { users, visitors } = this.#sides;
    const user = users.getState(this.#context).result;
    if (user?.state === "session") return { side: users, id: user.session.id, live: user };
    const visitor = visitors.getState(this.#context).result;
    // The user key of a visitor is known before the session is stored.
    if (visitor?.state === "session") return { side: visitors, id: visitor.session.userKey, live: visitor };
    this.#newId ??= `visitor-${randomText(TOKEN_LENGTH.root)}`;
    return { side: visitors, id: this.#newId, live: undefined };
  }

  #show({ side, id, live }: Owner<Context>): Shown {
    if (this.#shown?.id === id) return this.#shown;
    const { options } = side.lifecycle;
    const now = options.clock();
    const { expiresIn } = options.lifetime;
    const life = live
      ? live.data.persistent && live.record
      : expiresIn !== undefined && { createdAt: now, deadline: now + expiresIn };
    const cookie = createCookieObject(options.cookie.attributes, life || undefined, options.clock);
    const data = requireObject(live?.session.meta);
    const { exchange } = side.getState(this.#context);
    // The response may show the data, so no shared cache may store it.
    if (live && exchange.blocked() === undefined) exchange.setDefaultHeader("cache-control", "private");
    const object = new SessionObject(id, cookie, data, (action, callback) =>
      this.#run(shown, action, callback),
    );
    const shown = { id, object, stored: toTexts(object, isDataKey) };
    this.#shown = shown;
    return shown;
  }

  /** Returns the session object that the app has now, if it has read one. */
  #findShown(): Shown | undefined {
    return this.#shown && this.session === this.#shown.object ? this.#shown : undefined;
  }

  /** Runs an operation of the app after those that it began before. */
  #run(shown: Shown, action: SessionAction, callback: SessionCallback | undefined): void {
    if (action === "destroy") this.session = undefined;
    this.#operations.begin(() => this.#act(action, shown), callback);
  }

  #act(action: SessionAction, shown: Shown): Promise<void> {
    if (action === "save") return this.#save(shown);
    if (action === "reload") return this.#reload();
    return this.#end(action);
  }

  async #save(shown: Shown): Promise<void> {
    const changes = readChanges(shown);
    if (changes.size === 0) return;
    const { side, id, live } = this.#findOwner();
    // A login, a logout or regenerate has replaced the session.
    if (id !== shown.id) throw SessionError.unauthorized("revoked");
    if (live) {
      await side.methods.updateMeta(this.#context, (meta) => merge(side, meta, changes));
    } else {
      await side.methods.init(this.#context, id, { meta: applyChanges(undefined, changes) });
    }
    // The app may have changed more while the store was working.
    shown.stored = toAppliedTexts(shown.stored, changes);
  }

  async #reload(): Promise<void> {
    const { side, live } = this.#findOwner();
    if (!live) throw SessionError.unauthorized("unknown");
    const { lifecycle } = side;
    const [record] = await lifecycle.repository.read([live.record.id], true);
    const now = lifecycle.options.clock();
    const verdict = verifyToken(record, hashToken(live.token), now, lifecycle.options);
    if (!verdict.admitted)
      throw SessionError.unauthorized(verdict.reason === "unknown" ? "revoked" : verdict.reason);
    const meta = await lifecycle.metadata.read(verdict.data.meta);
    if (!meta.ok) throw meta.error;
    const state = side.getState(this.#context);
    state.result = toLiveSession(lifecycle, live.token, verdict, meta, live.held, now);
    this.#shown = undefined;
  }

  /** Ends the session of the user, and that of the visitor whom the user was before. */
  async #end(action: "regenerate" | "destroy"): Promise<void> {
    const { users, visitors } = this.#sides;
    for (const { getState, methods } of [users, visitors]) {
      if (getState(this.#context).result?.state === "session") await methods.revoke(this.#context);
    }
    this.#newId = undefined;
    this.#shown = undefined;
    if (action === "regenerate") this.#gone = undefined;
  }

  /** Whether a user still has the session of a visitor from before the login. It could come back after the logout. */
  #mustEndVisitor(): boolean {
    const { users, visitors } = this.#sides;
    const user = users.getState(this.#context);
    if (this.#hasEndedVisitor || user.exchange.blocked() !== undefined) return false;
    const visitor = visitors.getState(this.#context).result;
    if (user.result?.state === "session") return visitor?.state === "session" || this.#hasVisitorCookie;
    // A visitor that was loaded after the logout is a new one.
    return this.#hadUser && !visitor && this.#hasVisitorCookie;
  }

  /** Whether the request presents the session of a visitor. */
  get #hasVisitorCookie(): boolean {
    const { users, visitors } = this.#sides;
    const header = users.getState(this.#context).exchange.header("cookie");
    return header?.includes(`${visitors.lifecycle.options.cookie.attributes.name}=`) === true;
  }

  async #endVisitor(): Promise<void> {
    const { methods, lifecycle, getState } = this.#sides.visitors;
    this.#hasEndedVisitor = true;
    await methods.revoke(this.#context);
    // A cookie whose session no longer exists would be looked up at each request.
    lifecycle.cookie.clearIfWritable(getState(this.#context).exchange);
  }
}

/** Returns the differences between what the app has made of the data and what is stored. */
function readChanges({ object, stored }: Shown): Changes {
  return findChanges(stored, toTexts(object, isDataKey));
}

/** Applies changes, and rejects them if the manager's schema would drop one. */
async function merge<Context>(
  { lifecycle }: Side<Context>,
  meta: unknown,
  changes: Changes,
): Promise<unknown> {
  const merged = applyChanges(meta, changes);
  const checked = await lifecycle.options.meta?.["~standard"].validate(merged);
  // The manager reports the issues of metadata that its schema rejects.
  if (checked && !checked.issues) checkKept(changes, checked.value);
  return merged;
}
