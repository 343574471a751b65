import type { AgentData } from "../rules/record.ts";
import { toNetwork } from "./address.ts";

/** Who is asking, as far as it is known. */
export interface ClientInfo {
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

/**
 * Compares the families of browser and system, and networks or, with `"exact"`, whole addresses. An attribute that the
 * session or the request lacks counts as unchanged: a session that began before it was kept must not end because of it.
 */
export function findClientChanges(
  started: ClientInfo,
  seen: ClientInfo,
  compare: { readonly ip: boolean | "exact"; readonly agent: boolean },
  isNetwork: IsNetwork,
): readonly ClientChange[] {
  const changes: ClientChange[] = [];
  if (compare.ip && isOtherAddress(started, seen, compare.ip === "exact", isNetwork)) changes.push("address");
  if (compare.agent && differ(started.agent?.browser, seen.agent?.browser)) changes.push("browser");
  if (compare.agent && differ(started.agent?.os, seen.agent?.os)) changes.push("os");
  return changes;
}

function isOtherAddress(
  started: ClientInfo,
  seen: ClientInfo,
  exact: boolean,
  isNetwork: IsNetwork,
): boolean {
  if (seen.ip === undefined || (started.ip === undefined && started.network === undefined)) return false;
  // A session that began while only networks were kept has no more to compare.
  const isWhole = started.ip !== undefined && !started.ip.includes("/");
  return exact && isWhole ? differ(started.ip, seen.ip) : !isSameNetwork(started, seen, isNetwork);
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/** Whether the browser and the network of who is asking are those of one of these; left out where nobody knows them. */
export function findFamiliar(
  started: readonly ClientInfo[],
  seen: ClientInfo,
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

function isSameNetwork({ ip, network }: ClientInfo, seen: ClientInfo, isNetwork: IsNetwork): boolean {
  const now = seen.ip === undefined ? undefined : toNetwork(seen.ip);
  if (network !== undefined) return now !== undefined && isNetwork(now, network);
  return now === (ip === undefined ? undefined : toNetwork(ip));
}
