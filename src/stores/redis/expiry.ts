import type { ExpiredSession } from "../../store.ts";
import { Cleanup, type ParsedCleanup } from "../shared/cleanup.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import { SHARDS } from "../shared/shard.ts";
import { type RedisConnection, toStrings } from "./connection.ts";
import { SLACK } from "./lua-prelude.ts";
import { TAKE_EXPIRED } from "./lua-scripts.ts";

/** The number of shards that are asked at once. */
const WIDTH = 100;
/** The number of records that one script removes, which takes the server a millisecond. */
const MAX_TAKEN = 100;

/** Removes expired records, and reports the sessions among them. */
export class RedisExpiry {
  readonly cleanup: Cleanup;
  readonly #connection: RedisConnection;
  /** The shard at which the next cleanup begins, so that all have their turn although each cleanup has a limit. */
  #first = 0;
  /** Reported sessions that the server still holds for this process, by their key. */
  readonly #reported = new Map<string, readonly string[]>();

  constructor(connection: RedisConnection, options: ParsedCleanup) {
    this.#connection = connection;
    const lock = connection.shardKey(SHARDS[0] ?? "", "c:");
    this.cleanup = new Cleanup(options, {
      batch: 1_000,
      pause: 10,
      // The clock of another process may be behind by as much as the page of the store says.
      slack: SLACK,
      // The server's clock ends the turn, whatever the clocks of the processes are.
      claim: async (_now, apart) =>
        (await connection.send(lock, ["SET", lock, "1", "NX", "PX", `${Math.ceil(apart)}`])) === "OK",
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    for (const key of this.#reported.keys()) await this.#release(key);
    const shards = [...SHARDS.slice(this.#first), ...SHARDS.slice(0, this.#first)];
    let left = limit;
    let at = 0;
    while (at < shards.length && left > 0) {
      const some = shards.slice(at, at + Math.min(WIDTH, left));
      at += some.length;
      const most = Math.min(Math.floor(left / some.length), MAX_TAKEN);
      const steps = await Promise.all(some.map((shard) => this.#take(shard, now, most)));
      for (const { removed } of steps) left -= removed;
      shards.push(...some.filter((_, index) => steps[index]?.isFull));
    }
    const next = shards[at];
    if (next !== undefined) this.#first = SHARDS.indexOf(next);
    return limit - left;
  }

  /** Takes expired sessions of a shard, reports them, and gives up the hold on them. */
  async #take(shard: string, now: number, most: number) {
    const key = this.#connection.shardKey(shard, "e:");
    const begun = performance.now();
    const reply = await this.#connection.run(TAKE_EXPIRED, [key], [now, "", "1", most, CLAIM_TIME]);
    const [removed, isFull, ...taken] = toStrings(reply);
    // A process that was suspended meanwhile leaves the report to the next one.
    if (taken.length > 0 && performance.now() - begun < CLAIM_TIME / 2) {
      const held = this.#connection.shardKey(shard, "r:");
      this.#reported.set(held, [...(this.#reported.get(held) ?? []), ...taken]);
      try {
        this.cleanup.report(taken.map(parseTaken));
      } finally {
        // Also after an error of a listener: the others would otherwise be called again and again.
        await this.#release(held);
      }
    }
    return { removed: Number(removed), isFull: isFull === "1" };
  }

  async #release(key: string): Promise<void> {
    const sessions = this.#reported.get(key);
    if (!sessions) return;
    await this.#connection.send(key, ["ZREM", key, ...sessions, ...sessions.map(eraseTaken)]);
    this.#reported.delete(key);
  }
}

/** A taken session as the server holds it. The user key is missing if the user was erased meanwhile. */
type Taken = readonly [id: string, expiresAt: number, deadline: number, userKey?: string];

function parseTaken(text: string): ExpiredSession {
  const [id, expiresAt, deadline, userKey]: Taken = JSON.parse(text);
  return { id, ...(userKey !== undefined && { userKey }), expiresAt, deadline };
}

/** Returns the text that the server holds once the user of a taken session was erased. */
function eraseTaken(text: string): string {
  const [id, expiresAt, deadline]: Taken = JSON.parse(text);
  return JSON.stringify([id, expiresAt, deadline]);
}
