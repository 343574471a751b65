import type { Duplex } from "node:stream";
import type { SessionEvents } from "../events.ts";
import type { SessionId } from "../session.ts";

/** What is used of a WebSocket of ws. */
export interface WsSocket {
  close(code: number, reason: string): void;
  on(event: "error", listener: () => void): unknown;
  removeAllListeners(event: "message"): unknown;
}

/** What the connections are told by: in this process at once, and by all others' doing when they ask. */
interface Source {
  readonly events: {
    on(name: "ended", listener: (event: Readonly<SessionEvents["ended"]>) => void): () => void;
  };
  over(ids: readonly SessionId[]): Promise<ReadonlyMap<SessionId, string>>;
}

/** Of the codes that are an app's own, the one that looks like 401. */
const CLOSE_CODE = 4401;

/** A connection from before its request is authenticated: a session may end before anything can be closed. */
export interface Connection {
  /** What has ended since. */
  readonly missed: Map<SessionId, string>;
  /** Set as soon as there is something to close. */
  established?: { readonly id: SessionId; readonly socket: WsSocket };
}

/** Closes WebSockets whose session is over. One listener and one timer for all, and none where there is no connection. */
export class Connections {
  readonly #source: Source;
  readonly #every: number;
  readonly #pending = new Set<Connection>();
  readonly #established = new Map<SessionId, Set<Connection>>();
  #stop: (() => void) | undefined;
  #checking = false;

  /** `every` is in milliseconds: how often the store is asked. */
  constructor(source: Source, every: number) {
    this.#source = source;
    this.#every = every;
  }

  /** Call it before the request is authenticated. */
  begin(raw: Duplex): Connection {
    const connection: Connection = { missed: new Map() };
    this.#pending.add(connection);
    this.#stop ??= this.#start();
    raw.once("close", () => this.#leave(connection));
    return connection;
  }

  /** Call it with the socket, and the session if there is one. False: that is over by now, and the socket closing. */
  establish(connection: Connection, id: SessionId | undefined, socket: WsSocket): boolean {
    const missed = id && connection.missed.get(id);
    if (!id || missed) {
      this.#leave(connection);
      if (missed) {
        // The app never gets to see it: its protocol errors would be nobody's, and end the process.
        socket.on("error", () => undefined);
        end(socket, missed);
      }
      return !missed;
    }
    this.#pending.delete(connection);
    connection.established = { id, socket };
    const others = this.#established.get(id);
    if (others) others.add(connection);
    else this.#established.set(id, new Set([connection]));
    return true;
  }

  #start(): () => void {
    const off = this.#source.events.on("ended", ({ ids, reason }) => {
      for (const id of ids) this.#end(id, reason);
    });
    const timer = setInterval(() => void this.#check(), this.#every).unref();
    return () => {
      off();
      clearInterval(timer);
    };
  }

  #leave(connection: Connection): void {
    this.#pending.delete(connection);
    const id = connection.established?.id;
    const same = id && this.#established.get(id);
    if (same?.delete(connection) && same.size === 0) this.#established.delete(id as SessionId);
    this.#rest();
  }

  #rest(): void {
    if (this.#pending.size + this.#established.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #end(id: SessionId, reason: string): void {
    for (const { missed } of this.#pending) missed.set(id, reason);
    const connections = this.#established.get(id) ?? [];
    this.#established.delete(id);
    for (const { established } of connections) if (established) end(established.socket, reason);
    this.#rest();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const over = await this.#source.over([...this.#established.keys()]);
      for (const [id, reason] of over) this.#end(id, reason);
    } catch {
      // The manager has told of it. Nobody knows who is signed out, so nobody is; the next time is soon.
    } finally {
      this.#checking = false;
    }
  }
}

function end(socket: WsSocket, reason: string): void {
  // Until the client agrees to the close, or for half a minute where it does not, its messages would still come in.
  socket.removeAllListeners("message");
  socket.close(CLOSE_CODE, reason);
}
