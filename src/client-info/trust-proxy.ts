import { BlockList, isIP } from "node:net";
import { expandAddress, normalizeAddress } from "./address.ts";

/**
 * Whose `X-Forwarded-For` is believed. Anyone can send that header: who trusts a hop too many lets every client choose
 * its address.
 *
 * - `false`: nobody's; the address is that of the connection.
 * - a number: so many proxies stand in front of the app, each of which adds the address it was called from.
 * - a list of addresses and CIDRs: `["10.0.0.0/8", "2001:db8::/32"]`.
 * - a function: given an address and its distance (0 is the connection's), whether it is one of yours.
 */
export type TrustProxy =
  | false
  | number
  | readonly string[]
  | ((address: string | undefined, distance: number) => boolean);

/** Whether the hop at that distance is trusted to name the one behind it. */
export type TrustFunction = (address: string | undefined, distance: number) => boolean;

const MOST_HOPS = 32;
const MOST_CHARACTERS = 4_096;
const NOBODY: TrustFunction = () => false;

/** Checks the option. Throws `TypeError` naming it. */
export function parseTrustProxy(option: TrustProxy | undefined): TrustFunction {
  if (option === undefined || option === false) return NOBODY;
  if (typeof option === "function") return option;
  if (typeof option === "number" && Number.isInteger(option) && option >= 0 && option <= MOST_HOPS) {
    return (_address, distance) => distance < option;
  }
  if (!Array.isArray(option)) {
    throw new TypeError(
      `trustProxy: needs false, a number of proxies up to ${MOST_HOPS}, a list of addresses and CIDRs, or a function`,
    );
  }
  const list = new BlockList();
  for (const entry of option as readonly unknown[]) addTo(list, entry);
  return (address) => address !== undefined && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function addTo(list: BlockList, entry: unknown): void {
  const [network = "", bits, more] = typeof entry === "string" ? entry.split("/") : [];
  const family = isIP(network);
  const widest = family === 6 ? 128 : 32;
  const length = bits === undefined ? widest : /^[0-9]{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || more !== undefined || !(length <= widest)) {
    throw new TypeError(
      `trustProxy: ${JSON.stringify(entry)} is neither an address nor a CIDR such as "10.0.0.0/8"`,
    );
  }
  if (family === 6) list.addSubnet(expandAddress(network), length, "ipv6");
  else list.addSubnet(network, length, "ipv4");
}

/**
 * The client's address: from the connection outwards through `X-Forwarded-For`, read from its right end, for as long
 * as the hop is trusted. `undefined` when the walk ends at something that is no address: a guess would be worse.
 */
export function resolveClientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trust: TrustFunction,
): string | undefined {
  let address = normalizeAddress(peer);
  if (forwardedFor === undefined) return address;
  // What a client put there itself is at the left end, beyond every hop that could be trusted.
  const list = forwardedFor.slice(-MOST_CHARACTERS);
  let end = list.length;
  for (let distance = 0; end >= 0 && trust(address, distance); distance++) {
    if (distance === MOST_HOPS) return undefined;
    const comma = list.lastIndexOf(",", end - 1);
    address = normalizeAddress(list.slice(comma + 1, end));
    if (address === undefined) return undefined;
    end = comma;
  }
  return address;
}
