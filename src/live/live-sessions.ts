import { MAX_TIMER_DELAY } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { SessionId } from "../session.ts";
import type { EndReason, SessionRecord, StoreListener } from "../store.ts";
import { type OpenedSession, readStandings, toWatchedSession } from "./standing.ts";

/** The code with which sockets close: one of the codes for apps, chosen after the status 401. */
export const CLOSE_CODE = 4401;

/** Why a connection ends: its session has ended, or the app has replaced the secret that opened it. */
export type ConnectionEnd = EndReason | "unknown" | "rotated";

/** What is to happen when a session ends. @internal */
export interface Watcher {
  readonly opened: OpenedSession;
  /** Called at most once. Must not throw. */
  end(reason: ConnectionEnd): void;
}

/** A session and what it ends. */
interface WatchedSession {
  readonly watchers: Set<Watcher>;
  /** When the session ends unless it is used again, as far as is known. */
  expiresAt: number;
}

/** The sessions that have ended since a handshake began, whose session is not known yet. @internal */
export type Handshake = Map<SessionId, ConnectionEnd>;

/** How long listeners remain after the last watcher, in milliseconds: the next one often follows soon. */
const LINGER = 60_000;

/**
 * Ends what runs in the name of sessions: open connections, signals. A session's end becomes known in five ways:
 *
 * - the manager's own events, at once
 * - the events of a store with `subscribe`, from any process
 * - the deadline that is known since the connection was opened, even while the store does not answer
 * - a query at the moment when the session would expire
 * - a query about all sessions at a fixed interval, because any message can be lost
 *
 * Listeners and timers exist only while something is watched, and a minute longer.
 *
 * @internal
 */
export class LiveSessions {
  readonly #lifecycle: Lifecycle;
  readonly #recheck: number;
  readonly #handshakes = new Set<Handshake>();
  readonly #watched = new Map<SessionId, WatchedSession>();
  readonly #signals = new Map<SessionId, AbortSignal>();
  /** The sessions to ask the store about. */
  readonly #doubtful = new Set<SessionId>();
  #isAsking = false;
  #stop: (() => void) | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #alarm: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** `recheck` is the time between queries about all sessions, in milliseconds. */
  constructor(lifecycle: Lifecycle, recheck: number) {
    this.#lifecycle = lifecycle;
    this.#recheck = recheck;
  }

  /** Begins a handshake, before its request is authenticated: the session may end before there is something to end. */
  beginHandshake(): Handshake {
    const handshake: Handshake = new Map();
    this.#handshakes.add(handshake);
    this.#start();
    return handshake;
  }

  endHandshake(handshake: Handshake): void {
    if (this.#handshakes.delete(handshake)) this.#lingerIfIdle();
  }

  /** Watches a session until it ends or the returned function is called. */
  watch(watcher: Watcher): () => void {
    const { id, endsAt, expiresAt } = watcher.opened;
    const watched = this.#watched.get(id) ?? { watchers: new Set(), expiresAt };
    watched.watchers.add(watcher);
    watched.expiresAt = Math.max(watched.expiresAt, expiresAt);
    this.#watched.set(id, watched);
    this.#start();
    this.#setAlarm(Math.min(endsAt, watched.expiresAt));
    return () => {
      if (!watched.watchers.delete(watcher)) return;
      if (watched.watchers.size === 0) this.#watched.delete(id);
      this.#lingerIfIdle();
    };
  }

  /** Watches a session that may have ended since it was loaded: asks the store once. */
  watchLoaded(watcher: Watcher): () => void {
    const stop = this.watch(watcher);
    this.#ask([watcher.opened.id]);
    return stop;
  }

  /**
   * Returns the signal of a session, one for all requests. It is kept until the session ends: whoever listens to it may hold
   * no reference to it.
   */
  getSignal(record: SessionRecord): AbortSignal {
    const id = record.id as SessionId;
    let signal = this.#signals.get(id);
    if (!signal) {
      const controller = new AbortController();
      signal = controller.signal;
      this.#signals.set(id, signal);
      this.watchLoaded({
        opened: toWatchedSession(this.#lifecycle, record),
        end: (reason) => {
          this.#signals.delete(id);
          controller.abort(SessionError.unauthorized(reason as EndReason | "unknown"));
        },
      });
    }
    return signal;
  }

  #start(): void {
    clearTimeout(this.#lingering);
    if (this.#stop) return;
    const { events } = this.#lifecycle;
    const stops = [
      events.on("ended", ({ ids, reason }) => this.#endAll(ids, reason)),
      events.on("rotated", ({ id, by }) => {
        if (by === "time") return;
        for (const handshake of this.#handshakes) handshake.set(id, "rotated");
        this.#endOpenedBefore(id, Number.POSITIVE_INFINITY);
      }),
    ];
    const subscription = this.#subscribe();
    const timer = setInterval(() => {
      subscription.retry();
      this.#askAboutAll();
    }, this.#recheck).unref();
    this.#stop = () => {
      for (const stop of stops) stop();
      subscription.stop();
      clearInterval(timer);
      clearTimeout(this.#alarm?.timer);
      this.#alarm = undefined;
      this.#stop = undefined;
    };
  }

  /** Subscribes to the store, if it reports sessions that other processes end. */
  #subscribe(): { retry(): void; stop(): void } {
    const { repository } = this.#lifecycle;
    const { store } = repository;
    const listener: StoreListener = {
      ended: ({ ids, reason }) => this.#endAll(ids as readonly SessionId[], reason),
      changed: ({ id }) => {
        if (this.#watched.has(id as SessionId)) this.#ask([id as SessionId]);
      },
      // Events may have been missed before.
      status: (up) => {
        if (up) this.#askAboutAll();
      },
    };
    let attempt: Promise<() => Promise<void>> | undefined;
    const retry = () => {
      attempt ??= store.subscribe?.(listener);
      attempt?.catch((cause: unknown) => {
        if (attempt) repository.toStoreError(cause);
        attempt = undefined;
      });
    };
    retry();
    return {
      retry,
      stop() {
        void attempt?.then((unsubscribe) => unsubscribe()).catch(() => undefined);
      },
    };
  }

  #lingerIfIdle(): void {
    if (this.#handshakes.size + this.#watched.size > 0) return;
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.#stop?.(), LINGER).unref();
  }

  #endAll(ids: readonly SessionId[], reason: ConnectionEnd): void {
    for (const id of ids) {
      for (const handshake of this.#handshakes) handshake.set(id, reason);
      this.#endWhere(id, () => reason);
    }
  }

  /** Ends the connections that were opened before the app replaced the secret for this time. */
  #endOpenedBefore(id: SessionId, turns: number): void {
    this.#endWhere(id, ({ opened }) => (opened.turns < turns ? "rotated" : undefined));
  }

  /** Ends the watchers of a session for which `findReason` returns a reason. */
  #endWhere(id: SessionId, findReason: (watcher: Watcher) => ConnectionEnd | undefined): void {
    const watchers = this.#watched.get(id)?.watchers;
    if (!watchers) return;
    for (const watcher of watchers) {
      const reason = findReason(watcher);
      if (!reason) continue;
      watchers.delete(watcher);
      watcher.end(reason);
    }
    if (watchers.size === 0) this.#watched.delete(id);
    this.#lingerIfIdle();
  }

  #askAboutAll(): void {
    this.#endExpired();
    this.#ask(this.#watched.keys());
  }

  /** Asks the store about sessions. While a query is running, further sessions wait for the next one. */
  #ask(ids: Iterable<SessionId>): void {
    for (const id of ids) this.#doubtful.add(id);
    if (!this.#isAsking && this.#doubtful.size > 0) void this.#askNow();
  }

  async #askNow(): Promise<void> {
    this.#isAsking = true;
    try {
      // Sessions that come into doubt in the same turn share a query.
      await undefined;
      while (this.#doubtful.size > 0) {
        const ids = [...this.#doubtful];
        this.#doubtful.clear();
        for (const [id, standing] of await readStandings(this.#lifecycle, ids)) {
          if ("over" in standing) this.#endAll([id], standing.over);
          else this.#keep(id, standing);
        }
      }
    } catch {
      // The manager has reported the failure. The sessions may well be live, so nothing ends before the next query.
    } finally {
      this.#isAsking = false;
    }
  }

  /** The session goes on, with the secrets and the time that it has now. */
  #keep(id: SessionId, { turns, expiresAt }: { readonly turns: number; readonly expiresAt: number }): void {
    this.#endOpenedBefore(id, turns);
    const watched = this.#watched.get(id);
    if (!watched) return;
    watched.expiresAt = expiresAt;
    this.#setAlarm(expiresAt);
  }

  /** Ends what is past its deadline, and asks the store about sessions that have expired unless they were used. */
  #endExpired(): void {
    const now = this.#lifecycle.options.clock();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, { watchers, expiresAt }] of this.#watched) {
      this.#endWhere(id, ({ opened: { endsAt, retires } }) => {
        if (endsAt <= now) return retires ? "rotated" : "expired";
        next = Math.min(next, endsAt);
        return undefined;
      });
      if (watchers.size === 0) continue;
      if (expiresAt > now) next = Math.min(next, expiresAt);
      else this.#ask([id]);
    }
    clearTimeout(this.#alarm?.timer);
    this.#alarm = undefined;
    if (next < Number.POSITIVE_INFINITY) this.#setAlarm(next);
  }

  #setAlarm(at: number): void {
    if (this.#alarm && this.#alarm.at <= at) return;
    clearTimeout(this.#alarm?.timer);
    const wait = Math.min(Math.max(at - this.#lifecycle.options.clock(), 0), MAX_TIMER_DELAY);
    this.#alarm = { at, timer: setTimeout(() => this.#endExpired(), wait).unref() };
  }
}

/** The time between queries without the manager's option `live`, in milliseconds. */
const RECHECK = 60_000;
const all = new WeakMap<Lifecycle, LiveSessions>();

/** Returns the watched sessions of a manager: signals and the connections of all adapters share timers and queries. @internal */
export function getLiveSessions(lifecycle: Lifecycle): LiveSessions {
  let found = all.get(lifecycle);
  if (!found) {
    found = new LiveSessions(lifecycle, lifecycle.options.live?.recheck ?? RECHECK);
    all.set(lifecycle, found);
  }
  return found;
}
