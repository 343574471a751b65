import type { ClientChange } from "./client-info/compare.ts";
import type { UnauthorizedReason } from "./errors.ts";
import type { Agent, SessionId } from "./session.ts";
import type { EndReason, Json } from "./store.ts";

/** Whether a browser or a network that begins a session was seen with this user before. */
export interface Recognition {
  /** How many live sessions the user had: with none there is nothing to compare with, and nobody to warn by them. */
  readonly sessions?: number;
  /** Whether one of them is of the same families of browser and system; left out where these are not known. */
  readonly agent?: boolean;
  /** Whether one of them began in the same network, /24 or /64; left out where it is not known. */
  readonly network?: boolean;
  /** Whether this user has logged in with this very browser before, by the cookie of `recognize.device`. */
  readonly device?: boolean;
}

/** What a manager tells. Ids and user keys, never secrets or hashes. Times are milliseconds since 1970. */
export interface SessionEvents {
  /** A session began. */
  created: {
    id: SessionId;
    userKey: string;
    at: number;
    ip?: string;
    agent?: Agent;
    /** What `client.geo` says. */
    geo?: Json;
    /** Whether somebody like this was seen before (only with `recognize`). */
    seen?: Recognition;
  };
  /**
   * Sessions ended, and their records with them. A session that ends by itself, as `expired` or `idle`, is reported once:
   * when a client returns with its cookie, or when the store's cleanup removes it, which may be much later. Then `at` is the
   * moment when it ended. Redis and Durable Objects expire records themselves, which nobody can report. `userKey` is
   * missing where it is not known, as in `revokeById`, and where the sessions belong to many users, as in `revokeAllBefore`.
   */
  ended: { ids: readonly SessionId[]; userKey?: string; reason: EndReason; at: number };
  /** A session got a new secret: by `rotateEvery` (`time`), or by the verb of that name. */
  rotated: { id: SessionId; userKey: string; at: number; by: "time" | "rotate" | "reauthenticate" };
  /**
   * A request was rejected by `auth`, or presented a cookie that is not accepted, on a public route too; each reason once for
   * a request. With `cross_origin`, a page of another origin sent it.
   */
  rejected: { reason: UnauthorizedReason | "cross_origin"; at: number };
  /** A session was used from another browser or network than it was started from (only with `validate`). */
  client_changed: {
    id: SessionId;
    userKey: string;
    changed: readonly ClientChange[];
    action: "refuse" | "end" | "report";
    at: number;
  };
  /** The store failed, or a listener or a parser of the app did. */
  error: { error: Error; at: number };
}

type Listener<Event> = (event: Event) => unknown;

/** Where to hear of events. A listener that fails breaks no request: its error goes to the listeners of `error`. */
export class Events {
  readonly #listeners = new Map<keyof SessionEvents, Set<Listener<never>>>();

  /**
   * Calls `listener` at each such event, in the same turn, until the returned function is called.
   *
   * @example
   * ```ts
   * import { Manager } from "sessionup";
   * import { memoryStore } from "sessionup/stores/memory";
   *
   * const sessions = new Manager(memoryStore());
   * const off = sessions.events.on("ended", ({ ids, reason }) => console.log(reason, ids));
   * off();
   * ```
   */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (event: Readonly<SessionEvents[Name]>) => unknown,
  ): () => void {
    if (typeof listener !== "function") throw new TypeError(`events.on("${String(name)}"): needs a function`);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // Its own function each time: the same listener added twice hears twice, and leaves one at a time.
    const own: Listener<never> = (event) => listener(event);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** @internal */
  emit<Name extends keyof SessionEvents>(name: Name, event: SessionEvents[Name]): void {
    const listeners = this.#listeners.get(name);
    if (!listeners?.size) return;
    const frozen = Object.freeze(event) as never;
    for (const listener of [...listeners]) {
      try {
        const result = listener(frozen);
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(name, error, event.at));
      } catch (error) {
        this.#failed(name, error, event.at);
      }
    }
  }

  #failed(name: keyof SessionEvents, cause: unknown, at: number): void {
    const error = new Error(`sessionup: a listener of "${name}" failed`, { cause });
    // A listener of errors that fails itself has nobody left to tell but the console.
    if (name === "error" || !this.#listeners.get("error")?.size) console.error(error);
    else this.emit("error", { error, at });
  }
}
