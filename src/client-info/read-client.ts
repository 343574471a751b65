import type { Exchange } from "../exchange.ts";
import type { Agent } from "../session.ts";
import { normalizeAddress } from "./address.ts";
import type { ClientInfo } from "./compare.ts";
import { labelFamilies } from "./families.ts";
import { resolveClientAddress, type TrustFunction } from "./trust-proxy.ts";

/** In characters. Longer ones are cut before a parser reads them: some parsers take minutes on hostile input. */
const MAX_USER_AGENT_LENGTH = 512;
const MAX_LABEL_LENGTH = 64;

/** Which attributes of the client are read. */
export interface ClientPolicy {
  /** With `false` the address is read only for `geo`. */
  readonly ip: unknown;
  readonly geo: unknown;
  readonly agent: boolean;
  readonly parse: ((userAgent: string, header: (name: string) => string | undefined) => Agent) | undefined;
}

/** Reads the client of a request. If the app's parser throws, `onError` receives the error and the labels are missing. */
export function readClient(
  exchange: Exchange,
  policy: ClientPolicy,
  trust: TrustFunction,
  onError: (error: unknown) => void,
): ClientInfo {
  const ip = policy.ip !== false || policy.geo ? readAddress(exchange, trust) : undefined;
  const agent = policy.agent ? readAgent(exchange, policy.parse, onError) : undefined;
  return { ...(ip !== undefined && { ip }), ...(agent && { agent }) };
}

function readAddress(exchange: Exchange, trust: TrustFunction): string | undefined {
  const own = exchange.clientAddress?.();
  if (own !== undefined) return normalizeAddress(own);
  return resolveClientAddress(exchange.peerAddress(), exchange.header("x-forwarded-for"), trust);
}

function readAgent(
  exchange: Exchange,
  parse: ClientPolicy["parse"],
  onError: (error: unknown) => void,
): Agent | undefined {
  const header = (name: string) => exchange.header(name);
  const userAgent = (header("user-agent") ?? "").slice(0, MAX_USER_AGENT_LENGTH).toWellFormed();
  let labels: Partial<Record<keyof Agent, unknown>>;
  try {
    labels = parse ? parse(userAgent, header) : labelFamilies(userAgent);
  } catch (error) {
    onError(error);
    return undefined;
  }
  const browser = toLabel(labels?.browser);
  const os = toLabel(labels?.os);
  if (browser === undefined && os === undefined) return undefined;
  return { ...(browser !== undefined && { browser }), ...(os !== undefined && { os }) };
}

/** Accepts only short, non-empty text: a parser may derive the label from anything that the client sent. */
function toLabel(label: unknown): string | undefined {
  return typeof label === "string" && label !== ""
    ? label.slice(0, MAX_LABEL_LENGTH).toWellFormed()
    : undefined;
}
