import { isIP } from "node:net";

const MAX_LENGTH = 128;

/**
 * Normalizes an IP address. Ports, brackets and zones are removed, IPv6 gets its short form (RFC 5952), and an IPv4
 * address mapped into IPv6 becomes IPv4. Returns `undefined` for text that is not an address.
 */
export function normalizeAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  let address = text.trim();
  const colon = address.indexOf(":");
  if (address.startsWith("[")) {
    const bracket = address.indexOf("]");
    if (bracket === -1) return undefined;
    address = address.slice(1, bracket);
  } else if (colon !== -1 && colon === address.lastIndexOf(":")) {
    address = address.slice(0, colon);
  }
  const zone = address.indexOf("%");
  if (zone !== -1 && colon !== -1) address = address.slice(0, zone);
  const family = isIP(address);
  if (family === 4) return address;
  if (family !== 6) return undefined;
  const short = new URL(`http://[${expandAddress(address)}]`).hostname.slice(1, -1);
  return short.startsWith("::ffff:") ? (parseMappedAddress(short.slice(7)) ?? short) : short;
}

/**
 * Rewrites an IPv6 address with a dotted end: `::1.2.3.4` becomes `::102:304`. Bun's `URL` rejects some dotted forms, and
 * workerd's `BlockList` matches no address in a network that is written so.
 */
export function expandAddress(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_dotted, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

/** Returns `1.2.3.4` for `102:304`. */
function parseMappedAddress(groups: string): string | undefined {
  const [high, low, more] = groups.split(":");
  if (high === undefined || low === undefined || more !== undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

/**
 * Returns the network of an address: /24 for IPv4, /64 for IPv6. Phones and homes often change their address within it.
 * A network is returned unchanged.
 */
export function toNetwork(address: string): string {
  if (address.includes("/")) return address;
  if (isIP(address) === 4) return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups =
    tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
