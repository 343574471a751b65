import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../../test/support/fuzz.ts";
import { normalizeAddress } from "./address.ts";
import { parseTrustProxy, resolveClientAddress, type TrustProxy } from "./trust-proxy.ts";

const PEER = "10.0.0.1";

function seen(option: TrustProxy, forwardedFor: string | undefined, peer: string | undefined = PEER) {
  return resolveClientAddress(peer, forwardedFor, parseTrustProxy(option));
}

/** Counts the leading bits that two addresses of one family share. Equal addresses share 128. */
function sharedBits(one: string, other: string): number {
  const [a, b] = [toBits(one), toBits(other)];
  const at = [...a].findIndex((bit, index) => bit !== b[index]);
  return at === -1 ? 128 : at;
}

function hex(high: string | undefined, low: string | undefined): string {
  return (256 * Number(high) + Number(low)).toString(16);
}

function toBits(address: string): string {
  if (isIP(address) === 4)
    return address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  // Some runtimes' URL rejects a dotted end.
  const groupsAlone = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_dotted, ...parts: string[]) => `${hex(parts[0], parts[1])}:${hex(parts[2], parts[3])}`,
  );
  const url = new URL(`http://[${groupsAlone}]`).hostname.slice(1, -1);
  const [head = "", tail] = url.split("::");
  const [left, right] = [head, tail ?? ""].map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array(8 - (left?.length ?? 0) - (right?.length ?? 0)).fill("0");
  const groups = tail === undefined ? (left ?? []) : [...(left ?? []), ...zeros, ...(right ?? [])];
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

describe("resolveClientAddress", () => {
  it("ignores X-Forwarded-For by default", () => {
    expect(seen(false, "203.0.113.9")).toBe(PEER);
    expect(seen(false, "203.0.113.9")).toBe(PEER);
    expect(seen(0, "203.0.113.9")).toBe(PEER);
    expect(seen([], "203.0.113.9")).toBe(PEER);
  });

  it("follows as many hops from the right as there are proxies", () => {
    const header = "6.6.6.6, 203.0.113.9, 10.0.0.2";
    expect([1, 2, 3, 4].map((hops) => seen(hops, header))).toEqual([
      "10.0.0.2",
      "203.0.113.9",
      "6.6.6.6",
      "6.6.6.6",
    ]);
  });

  it("follows X-Forwarded-For while the hop is in the trusted list", () => {
    const header = "6.6.6.6, 203.0.113.9, 10.0.0.2";
    expect(seen(["10.0.0.0/8"], header)).toBe("203.0.113.9");
    expect(seen(["10.0.0.1"], header)).toBe("10.0.0.2");
    expect(seen(["192.168.0.0/16"], header)).toBe(PEER);
    for (const proxy of ["2001:db8::/32", "2001:db8::/64", "2001:db8::7"]) {
      expect(seen([proxy], "203.0.113.9", "2001:db8::7")).toBe("203.0.113.9");
      expect(seen([proxy], "203.0.113.9", "2001:db9::7")).toBe("2001:db9::7");
    }
  });

  it("recognizes a trusted IPv4 proxy in its IPv6-mapped form", () => {
    expect(seen(["10.0.0.0/8"], "203.0.113.9", "::ffff:10.0.0.1")).toBe("203.0.113.9");
  });

  it("asks a trust function about each hop", () => {
    const asked: unknown[] = [];
    const trust = (address: string | undefined, distance: number) => asked.push([address, distance]) < 3;
    expect(seen(trust, "1.1.1.1, 2.2.2.2, 3.3.3.3")).toBe("2.2.2.2");
    expect(asked).toEqual([
      [PEER, 0],
      ["3.3.3.3", 1],
      ["2.2.2.2", 2],
    ]);
  });

  it("strips ports and brackets, and reads several header lines as one list", () => {
    expect(seen(1, "[2001:db8::9]:1234")).toBe("2001:db8::9");
    expect(seen(2, ["203.0.113.9:55", "10.0.0.2"].join(", "))).toBe("203.0.113.9");
  });

  it("returns undefined when an entry on the way is not an address", () => {
    for (const entry of ["unknown", "", "6.6.6.6,", "a@b", "999.1.1.1"])
      expect(seen(1, entry)).toBeUndefined();
    // It does not continue behind such an entry, although more hops are trusted.
    for (const entry of ["unknown", "", " ", ","]) expect(seen(3, `203.0.113.9,${entry}`)).toBeUndefined();
    for (const header of ["", ",", ",10.0.0.2", "203.0.113.9,,10.0.0.2"])
      expect(seen(3, header)).toBeUndefined();
  });

  it("returns undefined when the connection has no address and the peer is not trusted", () => {
    expect(resolveClientAddress(undefined, "203.0.113.9", parseTrustProxy(["10.0.0.0/8"]))).toBeUndefined();
    // The peer is a unix socket, as behind a local proxy.
    expect(resolveClientAddress(undefined, "203.0.113.9", parseTrustProxy(1))).toBe("203.0.113.9");
  });

  it("follows at most 32 hops, and reads at most the last 4 kB of the header", () => {
    const chain = Array(40).fill("10.0.0.2").join(",");
    expect(seen(["10.0.0.0/8"], `203.0.113.9,${chain}`)).toBeUndefined();
    const trusted = Array(31).fill("10.0.0.2").join(",");
    expect(seen(["10.0.0.0/8"], `203.0.113.9,${trusted}`)).toBe("203.0.113.9");
    expect(seen(32, `203.0.113.9,${trusted}`)).toBe("203.0.113.9");
    expect(() => seen(33, "203.0.113.9")).toThrow(TypeError);
    // Each hop is as long as allowed: together with the client's entry, 31 characters are not read.
    const long = Array(31).fill("10.0.0.2".padEnd(128)).join(",");
    expect(seen(["10.0.0.0/8"], `203.0.113.9,${long}`)).toBe("203.0.113.9");
    expect(seen(["10.0.0.0/8"], `${"203.0.113.9".padEnd(128)},${long}`)).toBeUndefined();
    expect(seen(1, `${"6.6.6.6,".repeat(100_000)}203.0.113.9`)).toBe("203.0.113.9");
    expect(seen(1, `${"x".repeat(5_000)}`)).toBeUndefined();
  });

  it("never throws, and ignores all entries left of an untrusted hop", () => {
    const entry = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom("", " ", ","),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const header = [...entries, "203.0.113.9"].join(",");
        expect(seen(1, header)).toBe("203.0.113.9");
        seen(5, header);
        seen(["0.0.0.0/0", "::/0"], header);
      }),
      fuzzRuns(5_000),
    );
  });

  it("accepts or rejects any list of networks, and trusts only addresses in the accepted ones", () => {
    const entry = fc.oneof(
      fc.tuple(fc.ipV4(), fc.nat(34)).map(([address, bits]) => `${address}/${bits}`),
      fc.tuple(fc.ipV6(), fc.nat(130)).map(([address, bits]) => `${address}/${bits}`),
      fc.ipV4(),
      fc.ipV6(),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.string({ unit: "binary", maxLength: 5 }))
        .map((parts) => parts.join("/")),
      fc.string({ unit: "binary", maxLength: 30 }),
    );
    const asked = fc.oneof(fc.ipV4(), fc.ipV6());
    let taken = 0;
    fc.assert(
      fc.property(entry, asked, (network, other) => {
        let trust: ReturnType<typeof parseTrustProxy>;
        try {
          trust = parseTrustProxy([network]);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect((error as Error).message).toMatch(/^trustProxy must be .* Received ".*"\.$/s);
          return;
        }
        taken++;
        const [base = "", bits] = network.split("/");
        for (const address of [other, base]) {
          const normal = normalizeAddress(address);
          if (normal !== undefined && isIP(normal) === isIP(base))
            expect(trust(normal, 0)).toBe(
              sharedBits(normal, base) >= Number(bits ?? 128) || sharedBits(normal, base) >= 128,
            );
        }
        expect(trust(undefined, 0)).toBe(false);
      }),
      fuzzRuns(5_000),
    );
    expect(taken).toBeGreaterThan(100);
  });

  it.each([
    ["10.0.0.0/33"],
    ["10.0.0.0/"],
    ["::/129"],
    ["example.com"],
    ["10.0.0.0/8/8"],
    ["10.0.0.0/-1"],
    ["10.0.0.0/8 "],
    [7],
  ])("rejects the list entry %j", (entry) => {
    expect(() => parseTrustProxy([entry as string])).toThrow(
      /^trustProxy must be false, 0 to 32, addresses and CIDRs such as \["10\.0\.0\.0\/8"\], or a function\. Received [^ ]+/,
    );
  });

  it.each([[true], [-1], [1.5], [33], [Number.NaN], ["10.0.0.0/8"], [null], [{}]])(
    "rejects the option %j",
    (option) => {
      expect(() => parseTrustProxy(option as TrustProxy)).toThrow(/^trustProxy must be false, 0 to 32, /);
    },
  );
});
