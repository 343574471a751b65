import type { AgentData } from "../session-data.ts";
import { networkOf } from "./address.ts";

/** Who is asking, as far as it is known. */
export interface Client {
  /** The address, or the network that was kept of it. */
  readonly ip?: string;
  /** What was kept in place of it: the network's keyed hash. */
  readonly network?: string;
  readonly agent?: AgentData;
}

/** What differs from what the session was started with. */
export type ClientChange = "address" | "browser" | "os";

/** Whether a keyed hash that was kept is that network's. */
export type IsNetwork = (network: string, kept: string) => boolean;

/** Compares families, systems and networks, never whole strings and addresses: those change on the train. */
export function clientChanges(
  started: Client,
  seen: Client,
  compare: { readonly ip: boolean; readonly agent: boolean },
  isNetwork: IsNetwork,
): readonly ClientChange[] {
  const changes: ClientChange[] = [];
  if (compare.ip && !isSameNetwork(started, seen, isNetwork)) changes.push("address");
  if (compare.agent && started.agent?.browser !== seen.agent?.browser) changes.push("browser");
  if (compare.agent && started.agent?.os !== seen.agent?.os) changes.push("os");
  return changes;
}

/** Whether the browser and the network of who is asking are those of one of these; left out where nobody knows them. */
export function seenAmong(
  started: readonly Client[],
  seen: Client,
  isNetwork: IsNetwork,
): { readonly agent?: boolean; readonly network?: boolean } {
  const { agent, ip } = seen;
  return {
    ...(agent && {
      agent: started.some((each) => each.agent?.browser === agent.browser && each.agent?.os === agent.os),
    }),
    ...(ip !== undefined && { network: started.some((each) => isSameNetwork(each, seen, isNetwork)) }),
  };
}

function isSameNetwork({ ip, network }: Client, seen: Client, isNetwork: IsNetwork): boolean {
  const now = seen.ip === undefined ? undefined : networkOf(seen.ip);
  if (network !== undefined) return now !== undefined && isNetwork(now, network);
  return now === (ip === undefined ? undefined : networkOf(ip));
}
