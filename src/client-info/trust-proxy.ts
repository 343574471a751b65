import { BlockList, isIP } from "node:net";
import { expandAddress, normalizeAddress } from "./address.ts";

/**
 * The proxies whose `X-Forwarded-For` is trusted. Any client can send that header: trusting one hop too many lets every
 * client choose its address.
 *
 * - `false`: none. The client's address is the peer address of the connection.
 * - A number: how many proxies stand in front of the app. Each one adds the address that it was called from.
 * - An array of addresses and CIDRs, such as `["10.0.0.0/8", "2001:db8::/32"]`.
 * - A function: receives an address and its distance (0 is the peer), and returns whether it is a proxy of yours.
 */
export type TrustProxy =
  | false
  | number
  | readonly string[]
  | ((address: string | undefined, distance: number) => boolean);

/** Returns whether the hop at that distance is trusted to name the hop behind it. */
export type TrustFunction = (address: string | undefined, distance: number) => boolean;

const MAX_HOPS = 32;
const MAX_HEADER_LENGTH = 4_096;
const trustNone: TrustFunction = () => false;

/** Parses the option. Throws `TypeError` if it is invalid. */
export function parseTrustProxy(option: TrustProxy): TrustFunction {
  if (option === false) return trustNone;
  if (typeof option === "function") return option;
  if (typeof option === "number" && Number.isInteger(option) && option >= 0 && option <= MAX_HOPS) {
    return (_address, distance) => distance < option;
  }
  if (!Array.isArray(option)) throw invalidTrustProxy(option);
  const list = new BlockList();
  for (const entry of option as readonly unknown[]) addTo(list, entry);
  return (address) => address !== undefined && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function invalidTrustProxy(received: unknown): TypeError {
  return new TypeError(
    `trustProxy must be false, 0 to ${MAX_HOPS}, addresses and CIDRs such as ["10.0.0.0/8"], or a function. Received ${JSON.stringify(received)}.`,
  );
}

function addTo(list: BlockList, entry: unknown): void {
  const [network = "", bits, more] = typeof entry === "string" ? entry.split("/") : [];
  const family = isIP(network);
  const maxLength = family === 6 ? 128 : 32;
  const length = bits === undefined ? maxLength : /^[0-9]{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || more !== undefined || !(length <= maxLength)) throw invalidTrustProxy(entry);
  if (family === 6) list.addSubnet(expandAddress(network), length, "ipv6");
  else list.addSubnet(network, length, "ipv4");
}

/**
 * Finds the client's address. Starts at the peer and follows `X-Forwarded-For` from its right end while the hop is trusted.
 * Returns `undefined` if an entry on the way is not an address: a guess would be worse.
 */
export function resolveClientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trust: TrustFunction,
): string | undefined {
  let address = normalizeAddress(peer);
  if (forwardedFor === undefined) return address;
  // Entries that the client wrote itself are at the left end, beyond every hop that could be trusted.
  const list = forwardedFor.slice(-MAX_HEADER_LENGTH);
  let end = list.length;
  for (let distance = 0; end >= 0 && trust(address, distance); distance++) {
    if (distance === MAX_HOPS) return undefined;
    const comma = list.lastIndexOf(",", end - 1);
    address = normalizeAddress(list.slice(comma + 1, end));
    if (address === undefined) return undefined;
    end = comma;
  }
  return address;
}
