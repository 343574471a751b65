import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../../test/support/fuzz.ts";
import { normalizeAddress } from "./address.ts";
import { parseTrustProxy, resolveClientAddress, type TrustProxy } from "./trust-proxy.ts";

const PEER = "10.0.0.1";

function seen(
  option: TrustProxy | undefined,
  forwardedFor: string | undefined,
  peer: string | undefined = PEER,
) {
  return resolveClientAddress(peer, forwardedFor, parseTrustProxy(option));
}

/** How many bits two addresses of one family share from the left; 128 where they are the same. */
function sharedBits(one: string, other: string): number {
  const [a, b] = [bitsOf(one), bitsOf(other)];
  const at = [...a].findIndex((bit, index) => bit !== b[index]);
  return at === -1 ? 128 : at;
}

function hex(high: string | undefined, low: string | undefined): string {
  return (256 * Number(high) + Number(low)).toString(16);
}

function bitsOf(address: string): string {
  if (isIP(address) === 4)
    return address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  // Not every runtime's URL takes a dotted end.
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

describe("trustProxy", () => {
  it("believes nobody unless it is told to", () => {
    expect(seen(undefined, "203.0.113.9")).toBe(PEER);
    expect(seen(false, "203.0.113.9")).toBe(PEER);
    expect(seen(0, "203.0.113.9")).toBe(PEER);
    expect(seen([], "203.0.113.9")).toBe(PEER);
  });

  it("goes as many hops from the right as there are proxies", () => {
    const header = "6.6.6.6, 203.0.113.9, 10.0.0.2";
    expect([1, 2, 3, 4].map((hops) => seen(hops, header))).toEqual([
      "10.0.0.2",
      "203.0.113.9",
      "6.6.6.6",
      "6.6.6.6",
    ]);
  });

  it("goes on while the hop is in the list", () => {
    const header = "6.6.6.6, 203.0.113.9, 10.0.0.2";
    expect(seen(["10.0.0.0/8"], header)).toBe("203.0.113.9");
    expect(seen(["10.0.0.1"], header)).toBe("10.0.0.2");
    expect(seen(["192.168.0.0/16"], header)).toBe(PEER);
    for (const proxy of ["2001:db8::/32", "2001:db8::/64", "2001:db8::7"]) {
      expect(seen([proxy], "203.0.113.9", "2001:db8::7")).toBe("203.0.113.9");
      expect(seen([proxy], "203.0.113.9", "2001:db9::7")).toBe("2001:db9::7");
    }
  });

  it("knows a proxy by its mapped form too", () => {
    expect(seen(["10.0.0.0/8"], "203.0.113.9", "::ffff:10.0.0.1")).toBe("203.0.113.9");
  });

  it("asks a function for each hop", () => {
    const asked: unknown[] = [];
    const trust = (address: string | undefined, distance: number) => asked.push([address, distance]) < 3;
    expect(seen(trust, "1.1.1.1, 2.2.2.2, 3.3.3.3")).toBe("2.2.2.2");
    expect(asked).toEqual([
      [PEER, 0],
      ["3.3.3.3", 1],
      ["2.2.2.2", 2],
    ]);
  });

  it("strips ports and brackets, and takes several lines for one list", () => {
    expect(seen(1, "[2001:db8::9]:1234")).toBe("2001:db8::9");
    expect(seen(2, ["203.0.113.9:55", "10.0.0.2"].join(", "))).toBe("203.0.113.9");
  });

  it("says nothing rather than guess where the walk ends at no address", () => {
    for (const entry of ["unknown", "", "6.6.6.6,", "a@b", "999.1.1.1"])
      expect(seen(1, entry)).toBeUndefined();
    // Nor does it go on behind that, though there are proxies left.
    for (const entry of ["unknown", "", " ", ","]) expect(seen(3, `203.0.113.9,${entry}`)).toBeUndefined();
    for (const header of ["", ",", ",10.0.0.2", "203.0.113.9,,10.0.0.2"])
      expect(seen(3, header)).toBeUndefined();
  });

  it("has no address where the connection has none", () => {
    expect(resolveClientAddress(undefined, "203.0.113.9", parseTrustProxy(["10.0.0.0/8"]))).toBeUndefined();
    // A unix socket behind one proxy.
    expect(resolveClientAddress(undefined, "203.0.113.9", parseTrustProxy(1))).toBe("203.0.113.9");
  });

  it("ends after 32 hops, and reads no more than the last 4 kB", () => {
    const chain = Array(40).fill("10.0.0.2").join(",");
    expect(seen(["10.0.0.0/8"], `203.0.113.9,${chain}`)).toBeUndefined();
    const trusted = Array(31).fill("10.0.0.2").join(",");
    expect(seen(["10.0.0.0/8"], `203.0.113.9,${trusted}`)).toBe("203.0.113.9");
    expect(seen(32, `203.0.113.9,${trusted}`)).toBe("203.0.113.9");
    expect(() => seen(33, "203.0.113.9")).toThrow(TypeError);
    // Each hop as long as can be: with the client's they are 31 characters more than are read.
    const long = Array(31).fill("10.0.0.2".padEnd(128)).join(",");
    expect(seen(["10.0.0.0/8"], `203.0.113.9,${long}`)).toBe("203.0.113.9");
    expect(seen(["10.0.0.0/8"], `${"203.0.113.9".padEnd(128)},${long}`)).toBeUndefined();
    expect(seen(1, `${"6.6.6.6,".repeat(100_000)}203.0.113.9`)).toBe("203.0.113.9");
    expect(seen(1, `${"x".repeat(5_000)}`)).toBeUndefined();
  });

  it("never throws, and believes nothing that stands left of an untrusted hop", () => {
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

  it("takes a list of networks or refuses it by its name, and believes those alone that are in them", () => {
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
    // Near the network, so that many are in it.
    const asked = fc.oneof(fc.ipV4(), fc.ipV6());
    let taken = 0;
    fc.assert(
      fc.property(entry, asked, (network, other) => {
        let trust: ReturnType<typeof parseTrustProxy>;
        try {
          trust = parseTrustProxy([network]);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect((error as Error).message).toMatch(/^trustProxy: ".*" is neither an address nor a CIDR/s);
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
    expect(taken).toBeGreaterThan(500);
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
  ])("refuses %j in the list", (entry) => {
    expect(() => parseTrustProxy([entry as string])).toThrow(
      /^trustProxy: .* is neither an address nor a CIDR/,
    );
  });

  it.each([[true], [-1], [1.5], [33], [Number.NaN], ["10.0.0.0/8"], [null], [{}]])("refuses %j", (option) => {
    expect(() => parseTrustProxy(option as TrustProxy)).toThrow(/^trustProxy: needs false, a number/);
  });
});
