import { BlockList, isIPv6 } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

const LOCAL = new BlockList();
LOCAL.addSubnet("10.0.0.0", 8);
LOCAL.addSubnet("172.16.0.0", 12);
LOCAL.addSubnet("192.168.0.0", 16);
LOCAL.addSubnet("fc00::", 7, "ipv6");
LOCAL.addSubnet("fe80::", 10, "ipv6");

/** Describes where an address is. An app would look up all other addresses in a GeoIP database here. */
export function describePlace(ip: string): string | undefined {
  const family = isIPv6(ip) ? "ipv6" : "ipv4";
  if (LOOPBACK.check(ip, family)) return "This computer";
  if (LOCAL.check(ip, family)) return "Local network";
  return undefined;
}
