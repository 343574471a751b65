import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../../test/support/fuzz.ts";
import { normalizeAddress, toNetwork } from "./address.ts";

describe("normalizeAddress", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    [" 192.0.2.1 ", "192.0.2.1"],
    ["192.0.2.1:443", "192.0.2.1"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["[::ffff:192.0.2.1]:80", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["::0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["1:2::3:4:192.0.2.1", "1:2::3:4:c000:201"],
  ])("normalizes %s to %s", (text, address) => {
    expect(normalizeAddress(text)).toBe(address);
  });

  it.each([
    undefined,
    "",
    "unknown",
    "_hidden",
    "192.0.2",
    "192.0.2.256",
    "010.0.0.1",
    "192.0.2.1%eth0",
    "[::1",
    "[]",
    "::1::",
    "example.com",
    "for=192.0.2.1",
    "192.0.2.1, 192.0.2.2",
    "1".repeat(200),
    "\0",
    "１９２.0.2.1",
  ])("returns undefined for %j", (text) => {
    expect(normalizeAddress(text)).toBeUndefined();
  });

  it("returns a normalized address or undefined for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: "binary" })),
        fc.string(),
        (head, tail) => {
          const address = normalizeAddress(head + tail);
          if (address !== undefined) expect(isIP(address)).not.toBe(0);
          expect(address === undefined ? undefined : normalizeAddress(address)).toBe(address);
        },
      ),
      fuzzRuns(5_000),
    );
  });
});

describe("toNetwork", () => {
  it.each([
    ["192.0.2.77", "192.0.2.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["1::", "1:0:0:0::/64"],
  ])("puts %s into the network %s", (address, network) => {
    expect(toNetwork(address)).toBe(network);
  });

  it("returns a network of the address's own family, and the same network for that network", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = normalizeAddress(text);
        if (address === undefined) throw new Error(`${text} is not an address`);
        const network = toNetwork(address);
        const [base = "", bits] = network.split("/");
        expect(bits).toBe(isIP(address) === 4 ? "24" : "64");
        expect(isIP(base)).toBe(isIP(address));
        expect(toNetwork(network)).toBe(network);
        expect(toNetwork(normalizeAddress(base) ?? "")).toBe(network);
      }),
      fuzzRuns(5_000),
    );
  });
});
