import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
// Imports use paths rather than the package's name, because a child process has no aliases.
import { type FetchHandler, fetchSessions } from "../../../src/adapters/fetch.ts";
import { eraseUser } from "../../../src/admin/user-data.ts";
import type { SessionEvents } from "../../../src/events.ts";
import { Manager } from "../../../src/manager.ts";
import type { EndReason, MaybePromise, Store } from "../../../src/store.ts";
import { signIn } from "../../../src/testing/sign-in.ts";
import { TestClock } from "../../../src/testing/test-clock.ts";
import { NOW } from "../record.ts";

/** A session that a process has created, and the `ended` event that it must cause. */
export interface Login {
  readonly id: string;
  readonly cookie: string;
  readonly userKey: string;
  readonly reason: EndReason;
  readonly endsAt: number;
}

/** A line that the process prints: the answer to a command, or an event. */
export interface Line {
  readonly number?: number;
  readonly answer?: unknown;
  readonly error?: string;
  readonly ended?: SessionEvents["ended"];
}

const MINUTE = 60_000;
/** Few enough for several batches of one cleanup to meet those of others. */
const BATCH = 7;
const USERS = 10;

/** The managers of one process, each with its own store, and what the test asks of them. */
class Managers {
  readonly #clock = new TestClock(NOW);
  readonly #openStore: () => MaybePromise<Store>;
  readonly #stores: Store[] = [];
  readonly #managers: Manager[] = [];
  readonly #pages: FetchHandler<[]>[] = [];
  #diesAfter = Number.POSITIVE_INFINITY;

  constructor(openStore: () => MaybePromise<Store>) {
    this.#openStore = openStore;
  }

  async open(count: number): Promise<void> {
    while (this.#stores.length < count) {
      const store = await this.#openStore();
      // Before the manager's own listener: nothing of the batch has been reported.
      store.onExpired?.(() => this.#dieIfDue());
      const manager = new Manager(store, { clock: this.#clock.now, expiresIn: "1h", idleTimeout: "30m" });
      manager.events.on("ended", (ended) => {
        print({ ended });
        this.#diesAfter -= 1;
        this.#dieIfDue();
      });
      this.#stores.push(store);
      this.#managers.push(manager);
      this.#pages.push(fetchSessions(manager).auth(() => new Response()));
    }
  }

  /** Kills the process in a later cleanup, after this number of `ended` events. */
  dieAfter(events: number): void {
    this.#diesAfter = events;
  }

  /** Creates sessions of several users: one half ends at its deadline, the other by the idle timeout. */
  async logIn(mark: string, count: number, now: number): Promise<readonly Login[]> {
    this.#clock.set(now);
    const logins: Login[] = [];
    for (let index = 0; index < count; index++) {
      const userKey = `${mark}-${index % USERS}`;
      const isIdle = index % 2 === 0;
      const manager = this.#managers[index % this.#managers.length] as Manager;
      const cookie = await signIn(manager, userKey, isIdle ? {} : { expiresIn: "10m" });
      const [, id = ""] = /=(\w+)\./.exec(cookie) ?? [];
      const [reason, minutes] = isIdle ? (["idle", 30] as const) : (["expired", 10] as const);
      logins.push({ id, cookie, userKey, reason, endsAt: this.#clock.now() + minutes * MINUTE });
    }
    return logins;
  }

  /** Lets every store clean up at the same time, until it removes nothing, or only one batch. */
  async cleanUp(now: number, batches: number = Number.POSITIVE_INFINITY): Promise<void> {
    await Promise.all(
      this.#stores.map(async (store) => {
        for (let batch = 0; batch < batches; batch++)
          if ((await store.deleteExpired?.(now, BATCH)) === 0) return;
      }),
    );
  }

  /** Erases users from the store. */
  async erase(userKeys: readonly string[], now: number): Promise<void> {
    this.#clock.set(now);
    for (const userKey of userKeys) await eraseUser(this.#managers[0] as Manager, userKey);
  }

  /** Visits a page with all cookies at once, through one manager after another. Returns the statuses. */
  visit(cookies: readonly string[], now: number): Promise<readonly number[]> {
    this.#clock.set(now);
    const visits = cookies.map(async (cookie, index) => {
      const page = this.#pages[index % this.#pages.length] as FetchHandler<[]>;
      const { status } = await page(new Request("https://app.test/", { headers: { cookie } }));
      return status;
    });
    return Promise.all(visits);
  }

  /** Returns the ids of the records that are still stored. */
  async findStored(ids: readonly string[]): Promise<readonly string[]> {
    const records = (await this.#stores[0]?.fetchByIds(ids)) ?? [];
    return records.flatMap((record) => record?.id ?? []);
  }

  #dieIfDue(): void {
    if (this.#diesAfter <= 0) process.kill(process.pid, "SIGKILL");
  }
}

/** The commands of a process, whose arguments and answers are JSON. */
export type Commands = Pick<
  Managers,
  "open" | "dieAfter" | "logIn" | "cleanUp" | "erase" | "visit" | "findStored"
>;

/**
 * Runs as the main function of a store's child program. `openStore` opens the store over the database that all processes
 * share, without a background cleanup. The program gets its own arguments from `testEndedOnce`.
 */
export function serveEndedOnce(openStore: () => MaybePromise<Store>): void {
  const managers = new Managers(openStore);
  // biome-ignore lint/suspicious/noExplicitAny: the parent names the command
  const commands: any = managers;
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const { number, method, args } = JSON.parse(line);
    try {
      print({ number, answer: await commands[method](...args) });
    } catch (error) {
      print({ number, error: error instanceof Error ? `${error.stack}` : String(error) });
    }
  });
  lines.on("close", () => process.exit());
}

/** Prints a line at once, so that a process that is killed has printed everything before. */
function print(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
