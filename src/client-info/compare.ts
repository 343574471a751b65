import type { AgentData } from "../rules/record.ts";
import { toNetwork } from "./address.ts";

/** The client of a request or of a session, as far as it is known. */
export interface ClientInfo {
  /** The address, or its network if only that was stored. */
  readonly ip?: string;
  /** The network's keyed hash, stored instead of the address. */
  readonly network?: string;
  readonly agent?: AgentData;
}

/** An attribute of the client that differs from when the session began. */
export type ClientChange = "address" | "browser" | "os";

/** Returns whether a stored keyed hash is the hash of that network. */
export type IsNetwork = (network: string, hash: string) => boolean;

/**
 * Compares the browser and system families, and the networks or, with `"exact"`, the whole addresses. An attribute that
 * the session or the request lacks counts as unchanged. Otherwise enabling its storage would end older sessions.
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
  // A session from a time when only networks were stored cannot be compared exactly.
  const isWhole = started.ip !== undefined && !started.ip.includes("/");
  return exact && isWhole ? differ(started.ip, seen.ip) : !isSameNetwork(started, seen, isNetwork);
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/** Tells whether one of the user's sessions has the same browser, and one the same network. Unknown attributes are absent. */
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
