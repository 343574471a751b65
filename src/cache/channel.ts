import { channel } from "node:diagnostics_channel";

/** A message of the channel `sessionup:cache`: one read, or one touch. */
export interface CacheMessage {
  /** `hit`: answered from memory. `miss`: read from the store. `joined`: answered by a read of another request. */
  readonly read?: "hit" | "miss" | "joined";
  /** `deferred`: the activity of a request waits. `written`: what waited is in the store. `failed`: it waits again. */
  readonly touch?: "deferred" | "written" | "failed";
}

const CHANNEL = channel("sessionup:cache");

/** Publishes what the cache did. Costs nothing without a subscriber. */
export function publish(message: CacheMessage): void {
  CHANNEL.publish(message);
}
