import type { Exchange } from "../exchange.ts";
import type { Agent } from "../session.ts";
import { normalizeAddress } from "./address.ts";
import type { ClientInfo } from "./compare.ts";
import { resolveClientAddress, type TrustFunction } from "./trust-proxy.ts";
import { labelAgent } from "./user-agent/label-agent.ts";

/** User-Agents are cut to so many characters before anything reads them: parsers take minutes on hostile long ones. */
const LONGEST_USER_AGENT = 512;
const LONGEST_LABEL = 64;

/** What to look at. */
export interface ClientPolicy {
  /** False: not at all, unless the app looks up where it is. */
  readonly ip: unknown;
  readonly geo: unknown;
  readonly agent: boolean;
  readonly parse: ((userAgent: string, header: (name: string) => string | undefined) => Agent) | undefined;
}

/** Who is asking. `onError` hears of an app's parser that throws; the label is then missing. */
export function readClient(
  exchange: Exchange,
  policy: ClientPolicy,
  trust: TrustFunction,
  onError: (error: unknown) => void,
): ClientInfo {
  const ip = policy.ip !== false || policy.geo ? addressOf(exchange, trust) : undefined;
  const agent = policy.agent ? agentOf(exchange, policy.parse, onError) : undefined;
  return { ...(ip !== undefined && { ip }), ...(agent && { agent }) };
}

function addressOf(exchange: Exchange, trust: TrustFunction): string | undefined {
  const own = exchange.clientAddress?.();
  if (own !== undefined) return normalizeAddress(own);
  return resolveClientAddress(exchange.peerAddress(), exchange.header("x-forwarded-for"), trust);
}

function agentOf(
  exchange: Exchange,
  parse: ClientPolicy["parse"],
  onError: (error: unknown) => void,
): Agent | undefined {
  const header = (name: string) => exchange.header(name);
  const userAgent = (header("user-agent") ?? "").slice(0, LONGEST_USER_AGENT).toWellFormed();
  let labels: Agent;
  try {
    labels = parse ? parse(userAgent, header) : labelAgent(userAgent, header);
  } catch (error) {
    onError(error);
    return undefined;
  }
  const browser = labelOf(labels?.browser);
  const os = labelOf(labels?.os);
  if (browser === undefined && os === undefined) return undefined;
  return { ...(browser !== undefined && { browser }), ...(os !== undefined && { os }) };
}

/** A label that a parser made of what a client sent: short text or nothing. */
function labelOf(label: unknown): string | undefined {
  return typeof label === "string" && label !== "" ? label.slice(0, LONGEST_LABEL).toWellFormed() : undefined;
}
