import { setMaxListeners } from "node:events";
import { MAX_TIMER_DELAY } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { SessionId } from "../session.ts";
import type { EndReason, SessionRecord } from "../store.ts";
import { type ConnectionKind, publishClosed, publishOpened } from "./channel.ts";
import { Doubts } from "./doubts.ts";
import { type ConnectionEnd, Handshake } from "./handshake.ts";
import { type OpenedSession, readStandings, toWatchedSession } from "./standing.ts";
import { Subscription } from "./subscription.ts";
import { unrefed } from "./unrefed.ts";

/** The code with which sockets close: one of the codes for apps, chosen after the status 401. */
export const CLOSE_CODE = 4401;

/** A connection or a signal that ends with its session. @internal */
export interface Watcher {
  readonly opened: OpenedSession;
  /** Absent for a signal. */
  readonly kind?: ConnectionKind;
  /** Called at most once. An error, or a rejection, is emitted as `error`. */
  end(reason: ConnectionEnd): unknown;
}

/** A session and what it ends. */
interface WatchedSession {
  readonly watchers: Set<Watcher>;
  /** When the session ends unless it is used again, as far as is known. */
  expiresAt: number;
}

/** How long listeners remain after the last watcher, in milliseconds: the next one often follows soon. */
const LINGER = 60_000;
/** The longest pause between two searches for expired sessions while there are some, in milliseconds. */
const MAX_PAUSE = 1_000;

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
  /** Signals of ended sessions too, for requests that still hold the session. */
  readonly #signalsOfRecords = new WeakMap<SessionRecord, AbortSignal>();
  readonly #doubts = new Doubts((ids) => this.#ask(ids));
  #stop: (() => void) | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #alarm: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** `recheck` is the time between queries about all sessions, in milliseconds. */
  constructor(lifecycle: Lifecycle, recheck: number) {
    this.#lifecycle = lifecycle;
    this.#recheck = recheck;
  }

  /** Begins a handshake, before its request is authenticated. */
  beginHandshake(): Handshake {
    const handshake = new Handshake();
    this.#handshakes.add(handshake);
    this.#start();
    return handshake;
  }

  endHandshake(handshake: Handshake): void {
    if (this.#handshakes.delete(handshake)) this.#lingerIfIdle();
  }

  /**
   * Watches a session that was loaded during a handshake, until it ends or the returned function is called. Asks the store
   * about it if it may have changed since.
   */
  watch(watcher: Watcher, handshake: Handshake): () => void {
    return this.#watch(watcher, handshake.isInDoubt(watcher.opened.id));
  }

  /** Watches a session that was loaded without a handshake. It may have ended since, so the store is asked about it. */
  watchLoaded(watcher: Watcher): () => void {
    return this.#watch(watcher, true);
  }

  /**
   * Returns the signal of a session, one for all requests. It is kept until the session ends: code that listens to it need
   * not hold a reference to it.
   */
  getSignal(record: SessionRecord): AbortSignal {
    const id = record.id as SessionId;
    const known = this.#signalsOfRecords.get(record) ?? this.#signals.get(id);
    const signal = known ?? this.#createSignal(id, record);
    this.#signalsOfRecords.set(record, signal);
    return signal;
  }

  #createSignal(id: SessionId, record: SessionRecord): AbortSignal {
    const controller = new AbortController();
    const { signal } = controller;
    // Otherwise Node warns of a leak: all requests of a session listen to one signal.
    setMaxListeners(0, signal);
    this.#signals.set(id, signal);
    this.watchLoaded({
      opened: toWatchedSession(this.#lifecycle, record),
      end: (reason) => {
        this.#signals.delete(id);
        controller.abort(SessionError.unauthorized(reason as EndReason | "unknown"));
      },
    });
    return signal;
  }

  #watch(watcher: Watcher, isInDoubt: boolean): () => void {
    const { id, endsAt, expiresAt } = watcher.opened;
    const watched = this.#watched.get(id) ?? { watchers: new Set(), expiresAt };
    watched.watchers.add(watcher);
    if (watcher.kind) publishOpened(watcher, watcher.kind);
    watched.expiresAt = Math.max(watched.expiresAt, expiresAt);
    this.#watched.set(id, watched);
    this.#start();
    this.#setAlarm(Math.min(endsAt, watched.expiresAt));
    if (isInDoubt) this.#doubts.add([id]);
    return () => {
      if (!watched.watchers.delete(watcher)) return;
      if (watcher.kind) publishClosed(watcher, watcher.kind);
      if (watched.watchers.size === 0) this.#watched.delete(id);
      this.#lingerIfIdle();
    };
  }

  #start(): void {
    clearTimeout(this.#lingering);
    if (this.#stop) return;
    const { events, repository } = this.#lifecycle;
    const stops = [
      events.on("ended", ({ ids, reason }) => this.#endAll(ids, reason)),
      events.on("rotated", ({ id, cause }) => {
        if (cause === "time") return;
        for (const handshake of this.#handshakes) handshake.noteEnd(id, "rotated");
        this.#endOpenedBefore(id, Number.POSITIVE_INFINITY);
      }),
    ];
    const subscription = new Subscription(repository, {
      ended: ({ ids, reason }) => this.#endAll(ids as readonly SessionId[], reason),
      changed: ({ id }) => this.#doubt(id as SessionId),
      status: (up) => {
        if (up) this.#doubtAll();
      },
    });
    subscription.begin();
    const recheck = () => {
      subscription.begin();
      this.#endExpired();
      this.#doubts.add(this.#watched.keys());
    };
    const timer = unrefed(setInterval(recheck, this.#recheck));
    this.#stop = () => {
      for (const stop of stops) stop();
      subscription.end();
      clearInterval(timer);
      clearTimeout(this.#alarm?.timer);
      this.#alarm = undefined;
      this.#stop = undefined;
    };
  }

  #lingerIfIdle(): void {
    if (this.#handshakes.size + this.#watched.size > 0) return;
    clearTimeout(this.#lingering);
    this.#lingering = unrefed(setTimeout(() => this.#stop?.(), LINGER));
  }

  #endAll(ids: readonly SessionId[], reason: ConnectionEnd): void {
    for (const id of ids) {
      for (const handshake of this.#handshakes) handshake.noteEnd(id, reason);
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
      if (watcher.kind) publishClosed(watcher, watcher.kind);
      void this.#end(watcher, reason);
    }
    if (watchers.size > 0) return;
    this.#watched.delete(id);
    this.#lingerIfIdle();
  }

  async #end(watcher: Watcher, reason: ConnectionEnd): Promise<void> {
    try {
      await watcher.end(reason);
    } catch (cause) {
      const { events, options } = this.#lifecycle;
      const error = new Error("sessionup: a connection of an ended session could not be closed.", { cause });
      events.emit("error", { error, at: options.clock() });
    }
  }

  /** The session has changed. Another process may have replaced its secret. */
  #doubt(id: SessionId): void {
    for (const handshake of this.#handshakes) handshake.noteChange(id);
    if (this.#watched.has(id)) this.#doubts.add([id]);
  }

  /** Events may be lost: any session may have ended. */
  #doubtAll(): void {
    for (const handshake of this.#handshakes) handshake.noteGap();
    this.#doubts.add(this.#watched.keys());
  }

  async #ask(ids: readonly SessionId[]): Promise<void> {
    for (const [id, standing] of await readStandings(this.#lifecycle, ids)) {
      if ("over" in standing) this.#endAll([id], standing.over);
      else this.#keep(id, standing);
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
      else this.#doubts.add([id]);
    }
    clearTimeout(this.#alarm?.timer);
    this.#alarm = undefined;
    if (next < Number.POSITIVE_INFINITY) this.#setAlarm(next);
  }

  #setAlarm(at: number): void {
    if (this.#alarm && this.#alarm.at <= at) return;
    clearTimeout(this.#alarm?.timer);
    // Each search visits every session, so searches among many sessions are less frequent.
    const pause = Math.min(this.#watched.size / 100, MAX_PAUSE);
    const wait = Math.min(Math.max(at - this.#lifecycle.options.clock(), pause), MAX_TIMER_DELAY);
    this.#alarm = { at, timer: unrefed(setTimeout(() => this.#endExpired(), wait)) };
  }
}

/** The time between queries without the manager's option `live`, in milliseconds. */
const RECHECK = 60_000;
/** By events: a manager has one lifecycle for each of its transports. */
const all = new WeakMap<Lifecycle["events"], LiveSessions>();

/** Returns the watched sessions of a manager: signals and the connections of all adapters share timers and queries. @internal */
export function getLiveSessions(lifecycle: Lifecycle): LiveSessions {
  let found = all.get(lifecycle.events);
  if (!found) {
    found = new LiveSessions(lifecycle, lifecycle.options.live?.recheck ?? RECHECK);
    all.set(lifecycle.events, found);
  }
  return found;
}
