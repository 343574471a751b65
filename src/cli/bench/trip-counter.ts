import { Socket } from "node:net";

/**
 * Counts round trips over the network, whatever the driver is: a write begins one if something has arrived on the socket since
 * the last write. Writes before the answer are part of the same trip. Reliable only while one operation runs at a time.
 */
export class TripCounter {
  readonly #received = new WeakMap<Socket, number>();
  #trips = 0;
  #restore: (() => void) | undefined;

  /** The number of trips until now. */
  get trips(): number {
    return this.#trips;
  }

  /** Begins to watch every socket of this process except its terminal. */
  start(): void {
    const counter = this;
    const { write } = Socket.prototype;
    const ignored: readonly unknown[] = [process.stdout, process.stderr];
    Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
      if (!ignored.includes(this)) counter.#note(this);
      return write.apply(this, args);
    } as typeof write;
    this.#restore = () => {
      Socket.prototype.write = write;
    };
  }

  stop(): void {
    this.#restore?.();
  }

  #note(socket: Socket): void {
    if (this.#received.get(socket) !== socket.bytesRead) this.#trips++;
    this.#received.set(socket, socket.bytesRead);
  }
}
