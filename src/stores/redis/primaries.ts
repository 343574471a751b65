import { SHARDS } from "../shared/shard.ts";

/** The primaries of a Cluster that hold keys of the store. A single server counts as one. */
export interface Primaries {
  /** One shard of each primary, in ascending order: a script with a key of the shard runs on that primary. */
  readonly shards: readonly string[];
  /** A text that changes when slots move, or when another server takes them over. */
  readonly map: string;
}

/** The primaries of a single server. */
const SINGLE: Primaries = { shards: [SHARDS[0] ?? ""], map: "" };

/**
 * Returns the primaries by the reply of `CLUSTER NODES`, or of no Cluster by an empty text. Returns nothing while slots of
 * the primary that replied are on the move: keys then are in two places.
 */
export function readPrimaries(nodes: string): Primaries | undefined {
  if (nodes === "") return SINGLE;
  const owners = new Array<string | undefined>(16_384);
  const map: string[] = [];
  for (const line of nodes.split("\n")) {
    const [id = "", , flags = "", , , , , , ...slots] = line.trim().split(" ");
    if (slots.length === 0) continue;
    if (flags.includes("myself") && slots.some((range) => range.startsWith("["))) return undefined;
    const ranges = slots.filter((range) => !range.startsWith("["));
    map.push(`${id} ${ranges.join(" ")}`);
    for (const range of ranges) {
      const [first = "", last = first] = range.split("-");
      owners.fill(id, Number(first), Number(last) + 1);
    }
  }
  const shards = new Map<string | undefined, string>();
  for (const shard of SHARDS) {
    const owner = owners[toSlot(shard)];
    if (!shards.has(owner)) shards.set(owner, shard);
  }
  return { shards: [...shards.values()], map: map.sort().join("\n") };
}

/** Returns the slot of a hash tag: its CRC16 (XMODEM) modulo the number of slots, by the specification of Redis Cluster. */
function toSlot(tag: string): number {
  let crc = 0;
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % 16_384;
}
