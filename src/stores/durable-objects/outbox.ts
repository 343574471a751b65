import { Deadline } from "../shared/deadline.ts";
import { type HubNamespace, reportToHub } from "./hub.ts";

/** The database of an object. */
interface Sql {
  exec(sql: string, ...values: unknown[]): { toArray(): unknown[] };
}

interface Message {
  readonly number: number;
  readonly message: string;
}

/** The number of messages in one report. */
const BATCH = 100;
/** The time that the hub has to confirm a report, in milliseconds. */
const TIMEOUT = 5_000;
/** The shortest and the longest pause before messages are reported again, in milliseconds. */
const PAUSES = { first: 10_000, last: 300_000 } as const;

/**
 * The messages of an object that the hub has not confirmed, in the order of their numbers. The first row of the table is not
 * one of them: it is the last confirmed message, so that the table is never empty.
 */
export class Outbox {
  readonly #sql: Sql;
  readonly #hub: HubNamespace<unknown>;
  readonly #table: string;
  readonly #deadline = new Deadline(TIMEOUT);
  #delivery: Promise<void> | undefined;
  #failures = 0;

  constructor(sql: Sql, hub: HubNamespace<unknown>, table: string) {
    this.#sql = sql;
    this.#hub = hub;
    this.#table = table;
  }

  /** Whether the hub has not confirmed all messages. */
  get isPending(): boolean {
    return this.#read(1).length > 0;
  }

  /** The time after which the messages are reported again, in milliseconds. It grows while the hub fails. */
  get pause(): number {
    return Math.min(PAUSES.first * 2 ** this.#failures, PAUSES.last);
  }

  /** Reports all messages, one report after another. Resolves when the hub has confirmed them, or does not answer. */
  async deliver(): Promise<void> {
    // A delivery that is running also reports the messages that were added meanwhile.
    this.#delivery ??= this.#deliver().finally(() => {
      this.#delivery = undefined;
    });
    await this.#delivery;
  }

  /** Sends an empty message, which is no event, to all subscribers. */
  async probe(): Promise<void> {
    await reportToHub(this.#hub, [""]);
  }

  async #deliver(): Promise<void> {
    try {
      for (let rows = this.#read(BATCH); rows.length > 0; rows = this.#read(BATCH)) {
        const messages = rows.map(({ message }) => message);
        await this.#deadline.within(reportToHub(this.#hub, messages));
        this.#sql.exec(`DELETE FROM ${this.#table} WHERE number < ?`, rows.at(-1)?.number);
      }
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      console.warn("sessionup: the hub did not confirm events. The object reports them again.", error);
    }
  }

  #read(limit: number): readonly Message[] {
    const sql = `SELECT number, message FROM ${this.#table}
  WHERE number > (SELECT min(number) FROM ${this.#table}) ORDER BY number LIMIT ?`;
    return this.#sql.exec(sql, limit).toArray() as Message[];
  }
}
