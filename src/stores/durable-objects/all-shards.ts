import { shardOf } from "../../cookie/shard.ts";
import type { ScanPage, ScanResult } from "../../store.ts";
import { POSITION, parseCursor } from "../shared/cursor.ts";
import { SHARDS } from "../shared/shard.ts";
import type { Step } from "../shared/steps.ts";

/** The number of objects that are asked at a time: as many connections as the platform gives a request. */
const AT_ONCE = 6;

const CURSOR = new RegExp(`^([0-9A-Za-z]{2})(?:\\.(${POSITION.source}))?$`);

/**
 * Runs one step of a scan, object by object. The answers of later objects that exceed the limit are read again by the next
 * step. `scan` asks one object.
 */
export async function scanShards(
  { now, limit, filter = {}, cursor }: ScanPage,
  scan: (shard: string, page: ScanPage) => Promise<ScanResult>,
): Promise<ScanResult> {
  const { userKey } = filter;
  const shards = userKey === undefined ? SHARDS : [shardOf(userKey)];
  const [, shard = shards[0] ?? "", inner] = cursor === undefined ? [] : parseCursor(cursor, CURSOR);
  const first = Math.max(0, shards.indexOf(shard));
  // An object that holds more than a step is asked alone.
  const asked = shards.slice(first, first + (inner ? 1 : AT_ONCE));
  const answers = await Promise.all(
    asked.map((each) => scan(each, { now, limit, filter, ...(inner !== undefined && { cursor: inner }) })),
  );
  const records = [...(answers[0]?.records ?? [])];
  for (const [index, answer] of answers.entries()) {
    if (index > 0) {
      if (records.length + answer.records.length > limit) return { records, cursor: asked[index] ?? "" };
      records.push(...answer.records);
    }
    if (answer.cursor !== undefined) return { records, cursor: `${asked[index]}.${answer.cursor}` };
  }
  const next = shards[first + asked.length];
  return { records, ...(next !== undefined && { cursor: next }) };
}

/** Ends sessions in every object, step by step. `end` runs the step that begins after an id in one object. */
export async function* endInShards(
  end: (shard: string, after: string) => Promise<Step<string>>,
): AsyncGenerator<readonly string[], void> {
  for (let first = 0; first < SHARDS.length; first += AT_ONCE) {
    let open = SHARDS.slice(first, first + AT_ONCE).map((shard) => ({ shard, after: "" }));
    while (open.length > 0) {
      const steps = await Promise.allSettled(open.map(({ shard, after }) => end(shard, after)));
      // Sessions that ended are reported although another object failed.
      yield steps.flatMap((step) => (step.status === "fulfilled" ? step.value.ids : []));
      open = steps.flatMap((step, index) => {
        if (step.status === "rejected") throw step.reason;
        const { next } = step.value;
        return next === undefined ? [] : [{ shard: open[index]?.shard ?? "", after: next }];
      });
    }
  }
}
