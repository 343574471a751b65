import { Events } from "./events.ts";
import { attachLifecycle, createLifecycle, type Lifecycle } from "./lifecycle/lifecycle.ts";
import { toSessions } from "./lifecycle/session-view.ts";
import { BY, type ByOptions } from "./options/by.ts";
import { type ManagerOptions, resolveOptions } from "./options/manager-options.ts";
import { listOf, parseDate, parseOptions } from "./options/parsers.ts";
import { checkUserKey } from "./options/user-key.ts";
import type { Session, SessionId } from "./session.ts";
import type { Store } from "./store.ts";

// A single id would count as a list of characters, and spare no session.
const REVOKE_BY_USER_KEY = { ...BY, except: { parse: listOf("ids", () => true), default: [] } } as const;

/**
 * Holds a store and the options. Pass it to an adapter, which has the methods for requests. Its own methods need no
 * request: they are for jobs and admin code.
 *
 * Throws `TypeError` for invalid options, which names the option and says how to fix it. Its methods throw `ERR_STORE`
 * when the store fails.
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
  /** Reports what happens to sessions. */
  readonly events: Events = new Events();
  readonly #store: Store;
  readonly #given: ManagerOptions<In, Out>;
  readonly #lifecycle: Lifecycle<In, Out>;

  constructor(store: Store, options: ManagerOptions<In, Out> = {}) {
    this.#store = store;
    this.#given = { ...options };
    this.#lifecycle = createLifecycle(store, resolveOptions(options), this.events);
    attachLifecycle(this, this.#lifecycle);
  }

  /**
   * Returns a second manager over the same store, with these options instead of the first one's. `cookie` and `client` are
   * merged. The second manager has its own events and its own `notBefore`. Only the first one emits `ended` for the sessions
   * that the store's cleanup removes.
   *
   * A manager does not accept the sessions of a manager with another `cookie.name`. A user key means the same user to both:
   * lists and `revokeAll` cover the sessions of both.
   */
  with<NewIn = In, NewOut extends NewIn = Out extends NewIn ? Out : NewIn>(
    options: ManagerOptions<NewIn, NewOut>,
  ): Manager<NewIn, NewOut> {
    const { previous: _, ...current } = this.#given.cookie ?? {};
    // The previous cookies of one name must not let its users in under another name.
    const inherited = options.cookie?.name === undefined ? this.#given.cookie : current;
    const merged = {
      ...this.#given,
      notBefore: this.notBefore,
      ...options,
      cookie: { ...inherited, ...options.cookie },
      client: { ...this.#given.client, ...options.client },
    } as ManagerOptions<NewIn, NewOut>;
    const second = new Manager(this.#store, merged);
    // An app that listens to both managers would count these sessions twice.
    second.#lifecycle.repository.ignoreCleanup();
    return second;
  }

  /** Returns a user's live sessions, newest first. */
  async fetchByUserKey(userKey: string): Promise<readonly Session<Out>[]> {
    checkUserKey(userKey);
    return toSessions(this.#lifecycle, await this.#lifecycle.repository.readAll(userKey));
  }

  /**
   * Ends one session of any user. Returns false when the session no longer exists. `by` is the party that `ended` names.
   * Default `{ kind: "system" }`.
   */
  async revokeById(id: string, options: ByOptions = {}): Promise<boolean> {
    const { by } = parseOptions(options, BY, "revokeById");
    return (await this.#lifecycle.repository.endById(id, "revoked", undefined, by)) === "deleted";
  }

  /**
   * Ends the sessions of a user, except those with the ids in `except`. Returns the ended ids. `by` is the party that `ended`
   * names. Default `{ kind: "system" }`.
   */
  async revokeByUserKey(
    userKey: string,
    options: ByOptions & { readonly except?: readonly string[] } = {},
  ): Promise<readonly SessionId[]> {
    checkUserKey(userKey);
    const { except, by } = parseOptions(options, REVOKE_BY_USER_KEY, "revokeByUserKey");
    return this.#lifecycle.repository.endByUserKey(userKey, by, except);
  }

  /**
   * The moment before which sessions must not have begun. This manager rejects earlier sessions as `revoked` and lists them
   * nowhere, from the next request on, at no cost per request. Set it on every manager of every process. A manager that
   * `with` creates later inherits it. Throws `TypeError` for an invalid date.
   */
  get notBefore(): Date | undefined {
    const { notBefore } = this.#lifecycle.options.lifetime;
    return notBefore === undefined ? undefined : new Date(notBefore);
  }

  set notBefore(moment: Date | undefined) {
    this.#lifecycle.options.lifetime.notBefore =
      moment === undefined ? undefined : parseDate(moment, "notBefore");
  }

  /** Releases what the store itself opened, such as timers and connections. The app's own client stays open. */
  async close(): Promise<void> {
    await this.#lifecycle.repository.ask(() => this.#store.close?.());
  }
}
