import type { SessionId } from "../session.ts";
import type { EndReason } from "../store.ts";

/** Why a connection ends: its session has ended, or the app has replaced the secret that opened it. */
export type ConnectionEnd = EndReason | "unknown" | "rotated";

/**
 * A connection whose session is not known yet. The session may end, or its secret may be replaced, between the moment when it
 * is loaded and the moment when there is something to end.
 *
 * @internal
 */
export class Handshake {
  readonly #ended = new Map<SessionId, ConnectionEnd>();
  readonly #changed = new Set<SessionId>();
  #mayHaveMissed = false;

  noteEnd(id: SessionId, reason: ConnectionEnd): void {
    this.#ended.set(id, reason);
  }

  noteChange(id: SessionId): void {
    this.#changed.add(id);
  }

  /** Notes that events before this moment may be lost. */
  noteGap(): void {
    this.#mayHaveMissed = true;
  }

  /** Returns why the session has ended since the handshake began, if it has. */
  get(id: SessionId): ConnectionEnd | undefined {
    return this.#ended.get(id);
  }

  /** Whether only the store knows what has become of the session since the handshake began. */
  isInDoubt(id: SessionId): boolean {
    return this.#mayHaveMissed || this.#changed.has(id);
  }
}
