import type { AgentData } from "../session-data.ts";
import { networkOf } from "./address.ts";

/** Who is asking, as far as it is known. */
export interface Client {
  readonly ip?: string;
  readonly agent?: AgentData;
}

/** What differs from what the session was started with. */
export type ClientChange = "address" | "browser" | "os";

/** Compares families, systems and networks, never whole strings and addresses: those change on the train. */
export function clientChanges(
  started: Client,
  seen: Client,
  compare: { readonly ip: boolean; readonly agent: boolean },
): readonly ClientChange[] {
  const changes: ClientChange[] = [];
  if (compare.ip && network(started.ip) !== network(seen.ip)) changes.push("address");
  if (compare.agent && started.agent?.browser !== seen.agent?.browser) changes.push("browser");
  if (compare.agent && started.agent?.os !== seen.agent?.os) changes.push("os");
  return changes;
}

function network(address: string | undefined): string | undefined {
  return address && networkOf(address);
}
