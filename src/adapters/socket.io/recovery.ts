import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import { type OpenedSession, readStandings } from "../../live/standing.ts";
import type { SocketIoSocket } from "./socket.ts";

/** The adapter of a namespace, which may remember disconnected sockets and the packets that they miss. */
interface RecoveryAdapter {
  readonly sessions?: unknown;
  restoreSession(pid: string, offset: string): Promise<{ readonly data: unknown } | null> | null;
}

/**
 * Connection state recovery of Socket.IO, in which a client comes back as the socket that it had. A client whose session has
 * ended must not: it would also receive the events that it missed, because Socket.IO sends them before any middleware runs.
 */
export class Recovery {
  readonly #lifecycle: Lifecycle;
  readonly #guarded = new WeakSet<object>();
  /** The sessions of sockets by their `data`, which the adapter keeps after a disconnect. */
  readonly #opened = new WeakMap<object, OpenedSession | undefined>();

  constructor(lifecycle: Lifecycle) {
    this.#lifecycle = lifecycle;
  }

  /**
   * Makes the socket's namespace recover only sockets of live sessions. Does nothing if recovery is off. Throws `TypeError` for
   * settings of the server under which that is not possible.
   */
  guard({ nsp }: SocketIoSocket): void {
    const adapter = nsp.adapter as RecoveryAdapter;
    if (this.#guarded.has(adapter)) return;
    // The types declare `opts` as private.
    const { opts } = nsp.server as {
      readonly opts?: { readonly connectionStateRecovery?: { readonly skipMiddlewares?: boolean } };
    };
    const recovery = opts?.connectionStateRecovery;
    if (recovery) {
      if (recovery.skipMiddlewares !== false) {
        throw new TypeError(
          "sessionup/socket.io: connectionStateRecovery requires skipMiddlewares: false. " +
            "Otherwise Socket.IO lets clients in whose session has ended.",
        );
      }
      // Any other adapter could recover a socket of another process before this guard runs for the first time.
      if (!(adapter.sessions instanceof Map)) {
        throw new TypeError(
          "sessionup/socket.io: connectionStateRecovery requires Socket.IO's own adapter, which keeps sockets in memory. " +
            "Remove connectionStateRecovery, or the other adapter.",
        );
      }
      const { restoreSession } = adapter;
      adapter.restoreSession = async (pid, offset) => {
        const saved = await restoreSession.call(adapter, pid, offset);
        return saved && (await this.#isRecoverable(saved.data)) ? saved : null;
      };
    }
    this.#guarded.add(adapter);
  }

  /** Remembers the session of a socket. Returns false if it came back as the socket of another session, once. */
  remember(socket: SocketIoSocket, opened: OpenedSession | undefined): boolean {
    const data = socket.data as object;
    const before = socket.recovered ? this.#opened.get(data) : undefined;
    if (before && before.id !== opened?.id) {
      this.#opened.delete(data);
      return false;
    }
    this.#opened.set(data, opened);
    return true;
  }

  /** Whether the session of a socket is live, and the app has not replaced its secret. */
  async #isRecoverable(data: unknown): Promise<boolean> {
    if (!this.#opened.has(data as object)) return false;
    const opened = this.#opened.get(data as object);
    if (!opened) return true;
    try {
      const standing = (await readStandings(this.#lifecycle, [opened.id])).get(opened.id);
      const isLive = standing !== undefined && "turns" in standing && standing.turns <= opened.turns;
      return isLive && opened.endsAt > this.#lifecycle.options.clock();
    } catch {
      // The manager has reported the failure. The client connects as a new socket, which is authenticated.
      return false;
    }
  }
}
