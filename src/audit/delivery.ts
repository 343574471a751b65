import { unrefed } from "../live/unrefed.ts";
import type { AuditEntry } from "./entry.ts";

const MAX_PER_WRITE = 500;
/** The pause after a failure, in milliseconds. It doubles from `first` to `last`. @internal */
export const PAUSE = { first: 500, last: 60_000 } as const;

/** A destination of a `Delivery`. @internal */
export interface Destination<Item> {
  write(items: readonly Item[]): unknown;
  close?(): Promise<void>;
}

/** Writes entries to one sink, one write at a time, and again when that fails. @internal */
export class Delivery<Item = AuditEntry> {
  readonly #sink: Destination<Item>;
  readonly #max: number;
  readonly #onError: (error: Error) => void;
  #waiting: Item[] = [];
  #lost = 0;
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause: number = PAUSE.first;
  #failure: unknown;

  constructor(sink: Destination<Item>, max: number, onError: (error: Error) => void) {
    this.#sink = sink;
    this.#max = max;
    this.#onError = onError;
  }

  add(entry: Item): void {
    if (this.#waiting.length < this.#max) {
      this.#waiting.push(entry);
      if (!this.#timer) this.#start();
      return;
    }
    // Reports each time that the number of lost entries has doubled.
    if ((++this.#lost & (this.#lost - 1)) === 0)
      this.#onError(
        new Error(`sessionup: a sink of auditLog is ${this.#max} entries behind. ${this.#lost} are lost.`),
      );
  }

  /** Resolves when all entries are written. Rejects with the sink's error if it fails now. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#start();
      await this.#writing;
      if (this.#timer) throw this.#failure;
    }
  }

  /** Flushes, and then stops in any case. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } catch (cause) {
      const count = this.#waiting.length;
      throw new Error(`sessionup: a sink of auditLog failed at the end. ${count} entries are lost.`, {
        cause,
      });
    } finally {
      clearTimeout(this.#timer);
      this.#waiting = [];
      await this.#sink.close?.();
    }
  }

  #start(): void {
    // The entries of one turn of the event loop are one write.
    this.#writing ??= Promise.resolve().then(() => this.#write());
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.slice(0, MAX_PER_WRITE);
      try {
        await this.#sink.write(entries);
      } catch (cause) {
        if ((cause as { readonly retry?: unknown } | null)?.retry !== false) {
          this.#fail(cause);
          break;
        }
        this.#onError(
          new Error(`sessionup: a sink of auditLog rejected ${entries.length} entries for good.`, { cause }),
        );
      }
      this.#waiting.splice(0, entries.length);
      this.#pause = PAUSE.first;
    }
    this.#writing = undefined;
  }

  #fail(cause: unknown): void {
    this.#failure = cause;
    // A sink that stays down is reported once.
    if (this.#pause === PAUSE.first)
      this.#onError(new Error("sessionup: a sink of auditLog failed, and is tried again.", { cause }));
    // A random pause keeps processes from calling a recovering server at the same moment.
    const milliseconds = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(2 * this.#pause, PAUSE.last);
    const retry = () => {
      this.#timer = undefined;
      this.#start();
    };
    this.#timer = unrefed(setTimeout(retry, milliseconds));
  }
}
