import { channel, hasSubscribers } from "node:diagnostics_channel";
import type { ClientChange } from "./client-info/compare.ts";
import type { UnauthorizedReason } from "./errors.ts";
import type { Agent, SessionId } from "./session.ts";
import type { Actor, EndReason, Json } from "./store.ts";

/** Whether the user has used the browser and the network of a login before. */
export interface Recognition {
  /** The number of live sessions that the user had before. Without any there is nothing to compare with. */
  readonly sessions?: number;
  /** Whether one of them has the same browser and system families. Absent if these are unknown. */
  readonly agent?: boolean;
  /** Whether one of them began in the same network, /24 or /64. Absent if it is unknown. */
  readonly network?: boolean;
  /** Whether the user has logged in with this very browser before, by the cookie of `recognize.device`. */
  readonly device?: boolean;
}

/** The events of a manager. They contain ids and user keys, never secrets or hashes. Times are milliseconds since 1970. */
export interface SessionEvents {
  /** A session began. */
  created: {
    id: SessionId;
    userKey: string;
    at: number;
    /** The party that logged the user in: the one that `init` names, otherwise the user. */
    by: Readonly<Actor>;
    ip?: string;
    agent?: Agent;
    /** The place that `client.geo` returned. */
    geo?: Json;
    /** Whether the client was seen with this user before. Only with `recognize`. */
    seen?: Recognition;
  };
  /**
   * Sessions and their records ended. A session that ends by itself, as `expired` or `idle`, is reported once: when a client
   * presents its cookie, or when the store's cleanup removes it, which may be much later. Then `at` is the moment when it
   * ended. Redis reports these ends only with `reportExpired`, and Durable Objects only to a method of the object. `userKey` is absent if it is
   * unknown, as in `revokeById`, or if the sessions belong to many users, as in `revokeAllBefore`. `by` is the party that
   * ended them: the one that the ending call names, otherwise the user for `logout`, `system` for `revoked` and `policy` for
   * every other reason.
   */
  ended: { ids: readonly SessionId[]; userKey?: string; reason: EndReason; at: number; by: Readonly<Actor> };
  /** A session got a new secret, because of `rotateEvery` (`time`) or the method of that name. */
  rotated: {
    id: SessionId;
    userKey: string;
    at: number;
    cause: "time" | "rotate" | "reauthenticate";
    /** The level that `reauthenticate` received. */
    level?: number | undefined;
  };
  /** A session moved to the manager's cookie. Only with `cookie.previous`. */
  moved: { id: SessionId; userKey: string; at: number };
  /**
   * `auth` rejected a request, or a request to any route presented an invalid cookie. Each reason is emitted once per
   * request. With `cross_origin`, a page of another origin sent the request.
   */
  rejected: { reason: UnauthorizedReason | "cross_origin"; at: number };
  /** A client used a session from another browser or network than the one at login. Only with `validate`. */
  client_changed: {
    id: SessionId;
    userKey: string;
    changed: readonly ClientChange[];
    action: "reject" | "end" | "report";
    at: number;
  };
  /** The store, a listener or a parser of the app failed. */
  error: { error: Error; at: number };
}

type Listener<Event> = (event: Event) => unknown;

/**
 * Emits events to listeners, and publishes them on the channels `sessionup:created`, `sessionup:ended` and so on of
 * `node:diagnostics_channel`. A failing listener breaks no request: its error goes to
 * the listeners of `error`.
 */
export class Events {
  readonly #listeners = new Map<keyof SessionEvents, Set<Listener<never>>>();

  /**
   * Calls `listener` synchronously at each event of that name. The returned function removes the listener.
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
    if (typeof listener !== "function") {
      throw new TypeError(
        `The listener of events.on("${name}") must be a function. Received ${typeof listener}.`,
      );
    }
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // A new function each time: a listener that is added twice is called twice and removed one at a time.
    const own: Listener<never> = (event) => listener(event);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** @internal */
  emit<Name extends keyof SessionEvents>(name: Name, event: SessionEvents[Name]): void {
    const topic = `sessionup:${name}`;
    const frozen = Object.freeze(event) as never;
    // Node forgets a channel without subscribers, so it would be created anew at each event.
    if (hasSubscribers(topic)) channel(topic).publish(frozen);
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        const result = listener(frozen);
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(name, error, event.at));
      } catch (error) {
        this.#failed(name, error, event.at);
      }
    }
  }

  #failed(name: keyof SessionEvents, cause: unknown, at: number): void {
    const error = new Error(`sessionup: a listener of "${name}" failed.`, { cause });
    // If a listener of errors fails itself, only the console is left.
    if (name === "error" || !this.#listeners.get("error")?.size) console.error(error);
    else this.emit("error", { error, at });
  }
}
