import { isIP } from "node:net";

const LONGEST = 128;

/**
 * The one form of an address, or `undefined` for what is none: ports, brackets and zones are gone, IPv6 is in its
 * short form (RFC 5952), and an IPv4 address mapped into IPv6 is IPv4.
 */
export function normalizeAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > LONGEST) return undefined;
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
  return short.startsWith("::ffff:") ? (unmapped(short.slice(7)) ?? short) : short;
}

/**
 * `::1.2.3.4` is `::102:304`, which every platform takes: Bun's URL refuses some of the dotted ones, and a network of
 * workerd's made of one has nobody in it.
 */
export function expandAddress(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_dotted, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

/** `102:304` is `1.2.3.4`. */
function unmapped(groups: string): string | undefined {
  const [high, low, more] = groups.split(":");
  if (high === undefined || low === undefined || more !== undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

/** The network that an address is in, /24 or /64: phones and homes move about inside of theirs. A network is its own. */
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
