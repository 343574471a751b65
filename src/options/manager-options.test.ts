import { describe, expect, it } from "vitest";
import { z } from "zod";
import { clientValidation } from "../client-validation/client-validation.ts";
import { recognition } from "../recognition/recognition.ts";
import { typed } from "../standard-schema.ts";
import type { CookieOptions } from "./cookie-options.ts";
import { type ManagerOptions, resolveOptions } from "./manager-options.ts";

/** Parses options as a caller without types may write them. */
function resolve(options: Record<string, unknown>): ReturnType<typeof resolveOptions> {
  return resolveOptions(options as ManagerOptions);
}

describe("manager options", () => {
  it("default to OWASP's recommendations", () => {
    const { cookie, lifetime, client, validate, maxSessions, maxMetaBytes } = resolve({});
    expect({ cookie, lifetime, client, validate, maxSessions, maxMetaBytes }).toEqual({
      cookie: {
        base: "sessionup",
        previous: undefined,
        attributes: {
          name: "__Host-sessionup",
          path: "/",
          secure: true,
          httpOnly: true,
          sameSite: "strict",
          partitioned: false,
        },
      },
      lifetime: { expiresIn: undefined, idleTimeout: undefined },
      client: { ip: true, agent: true, parse: undefined, geo: undefined },
      validate: undefined,
      maxSessions: { max: 1_000, onExceed: "evict-oldest" },
      maxMetaBytes: 4_096,
    });
  });

  it("are frozen, except notBefore", () => {
    const resolved = resolve({ validate: clientValidation({ ip: true }) });
    for (const part of [resolved, resolved.cookie, resolved.cookie.attributes, resolved.client]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    // The app can set `notBefore` while it runs.
    expect(Object.isSealed(resolved.lifetime)).toBe(true);
    expect(Object.isFrozen(resolved.maxSessions) && Object.isFrozen(resolved.validate)).toBe(true);
  });

  it.each([
    [{ expireIn: "1h" }, /^"expireIn" is not an option of Manager\. The options are cookie, expiresIn,/],
    [{ cookie: { samesite: "lax" } }, /^"samesite" is not an option of cookie\. The options are name, path,/],
    [{ cookie: null }, /^The options of cookie must be an object\. Received null\./],
    [{ expiresIn: 3_600_000 }, /^expiresIn/],
    [{ expiresIn: "401d" }, /^expiresIn must be at most "400d"/],
    [{ idleTimeout: "-5m" }, /^idleTimeout/],
    [{ nist: "aal4" }, /^nist must be "aal1", "aal2" or "aal3"\. Received "aal4"\./],
    [{ nist: "toString" }, /^nist must be/],
    [{ nist: 2 }, /^nist must be/],
    [{ nist: null }, /^nist must be/],
    [
      { nist: "aal1", expiresIn: "31d" },
      /^expiresIn must be at most "43200m" with nist: "aal1"\. Received "44640m"\./,
    ],
    [
      { nist: "aal2", expiresIn: "25h" },
      /^expiresIn must be at most "1440m" with nist: "aal2"\. Received "1500m"\./,
    ],
    [
      { nist: "aal2", idleTimeout: "61m" },
      /^idleTimeout must be at most "60m" with nist: "aal2"\. Received "61m"\./,
    ],
    [
      { nist: "aal3", expiresIn: "43201s" },
      /^expiresIn must be at most "720m" with nist: "aal3"\. Received "720\.0166/,
    ],
    [
      { nist: "aal3", idleTimeout: "16m" },
      /^idleTimeout must be at most "15m" with nist: "aal3"\. Received "16m"\./,
    ],
    [{ client: { ip: "yes" } }, /^client\.ip must be true, "prefix", "hash" or false\. Received "yes"\./],
    [{ client: { ip: "hash" } }, /^client\.ip "hash" requires the option keys\./],
    [{ client: { geo: "db.mmdb" } }, /^client\.geo must be a function\. Received "db\.mmdb"\./],
    [{ keys: [] }, /^keys must be an array of secrets of at least 32 bytes/],
    [{ keys: "k".repeat(32) }, /^keys must be an array of secrets of at least 32 bytes/],
    [{ keys: new Array(1) }, /^keys must be an array of secrets/],
    [{ keys: [undefined] }, /^keys must be an array of secrets of at least 32 bytes/],
    [{ keys: ["k".repeat(31)] }, /^keys must be an array of secrets of at least 32 bytes/],
    [{ keys: ["k".repeat(32), "short"] }, /^keys must be an array of secrets of at least 32 bytes/],
    [{ recognize: true }, /^recognize must be the result of recognition\(\)\. Received true\./],
    [{ recognize: {} }, /^recognize must be the result of recognition\(\)/],
    [{ recognize: recognition({ device: true }) }, /^recognition\.device requires the option keys/],
    [
      { recognize: recognition(), client: { ip: false, agent: false } },
      /^recognition\.sessions requires client\.ip or client\.agent/,
    ],
    [{ client: { agent: 1 } }, /^client\.agent must be true or false\. Received 1\./],
    [{ client: { parse: "ua-parser" } }, /^client\.parse must be a function/],
    [
      { validate: { ip: true } },
      /^validate must be the result of clientValidation\(\)\. Received an object\./,
    ],
    [
      { validate: clientValidation({ ip: "exact" }), client: { ip: "prefix" } },
      /^clientValidation\.ip "exact" requires client\.ip: true\./,
    ],
    [
      { validate: clientValidation({ ip: true }), client: { ip: false } },
      /^clientValidation\.ip requires client\.ip\./,
    ],
    [
      { validate: clientValidation({ agent: true }), client: { agent: false } },
      /^clientValidation\.agent requires client\.agent\./,
    ],
    [{ maxSessions: 5 }, /^The options of maxSessions must be an object\. Received 5\./],
    [
      { maxSessions: { max: 0, onExceed: "reject" } },
      /^maxSessions\.max must be a positive integer\. Received 0\./,
    ],
    [
      { maxSessions: { max: 1.5, onExceed: "reject" } },
      /^maxSessions\.max must be a positive integer\. Received 1\.5\./,
    ],
    [{ maxSessions: { max: 5, onExceed: "oldest" } }, /^maxSessions\.onExceed must be "evict-oldest"/],
    [{ generateId: "uuid" }, /^generateId must be a function/],
    [{ generateId: () => "short" }, /^generateId must return 17 to 64 characters/],
    [
      { generateId: () => crypto.randomUUID() },
      /^generateId must return 17 to 64 characters of \[0-9A-Za-z\]/,
    ],
    [{ generateId: () => "a".repeat(20) }, /^generateId must not return the same text twice/],
    [{ generateSecret: () => 5 }, /^generateSecret must return 22 to 128 characters/],
    [{ generateSecret: () => "é".repeat(43) }, /^generateSecret must return/],
    [{ generateSecret: () => "a".repeat(129) }, /^generateSecret must return/],
    [{ meta: {} }, /^meta must be a Standard Schema/],
    [{ meta: null }, /^meta must be a Standard Schema/],
    [{ meta: { "~standard": { version: 2, validate: () => ({}) } } }, /^meta must be a Standard Schema/],
    [{ maxMetaBytes: 0 }, /^maxMetaBytes must be a positive integer\. Received 0\./],
    [{ clock: 5 }, /^clock must be a function\. Received 5\./],
    [{ trustProxy: true }, /^trustProxy/],
  ])("rejects %j with the option's name and what it must be", (options, message) => {
    expect(() => resolve(options as Record<string, unknown>)).toThrow(message);
    expect(() => resolve(options as Record<string, unknown>)).toThrow(TypeError);
  });

  it("accepts schemas of any library", () => {
    for (const meta of [z.object({}), typed<{ a: string }>()]) expect(resolve({ meta }).meta).toBe(meta);
  });

  it("checks every text that a generator returns", () => {
    const texts = ["a".repeat(20), "b".repeat(20), "c".repeat(20), "bad"];
    const { generateId } = resolve({ generateId: () => texts.shift() });
    expect(generateId()).toBe("c".repeat(20));
    expect(generateId).toThrow(/^generateId must return/);
  });
});

describe("cookie.name", () => {
  const sent = (cookie: CookieOptions) => resolve({ cookie }).cookie.attributes.name;

  it("is sent with the strictest prefix that the other options allow", () => {
    expect(sent({})).toBe("__Host-sessionup");
    expect(sent({ name: "sid" })).toBe("__Host-sid");
    expect(sent({ path: "/app" })).toBe("__Secure-sessionup");
    expect(sent({ domain: "example.com" })).toBe("__Secure-sessionup");
    expect(sent({ secure: false })).toBe("sessionup");
    expect(sent({ name: "__Host-sid" })).toBe("__Host-sid");
    expect(sent({ name: "__Secure-sid", domain: "example.com" })).toBe("__Secure-sid");
    expect(sent({ name: "__Host-Http-sid" })).toBe("__Host-Http-sid");
    expect(sent({ name: "__Http-sid", path: "/app" })).toBe("__Http-sid");
  });

  it.each([
    [
      { name: "__Host-sid", path: "/app" },
      'cookie.name with the prefix "__Host-" requires path "/", no domain and secure: true.',
    ],
    [
      { name: "__Host-sid", domain: "example.com" },
      'cookie.name with the prefix "__Host-" requires path "/"',
    ],
    [{ name: "__HOST-sid", secure: false }, 'cookie.name with the prefix "__HOST-" requires path "/"'],
    [
      { name: "__secure-sid", secure: false },
      'cookie.name with the prefix "__secure-" requires secure: true.',
    ],
    [
      { name: "__Http-sid", httpOnly: false },
      'cookie.name with the prefix "__Http-" requires httpOnly: true.',
    ],
    [
      { name: "__Host-Http-sid", httpOnly: false },
      'cookie.name with the prefix "__Host-Http-" requires httpOnly: true.',
    ],
  ])("rejects %j, because browsers would drop the cookie", (cookie, message) => {
    expect(() => resolve({ cookie })).toThrow(message);
  });

  it("may have 128 characters, which keeps the longest cookie within the 4 096 bytes of browsers", () => {
    const name = "n".repeat(128);
    expect(`__Secure-${name}=`.length + 66 + 1 + 150).toBeLessThan(4_096);
    expect(() => resolve({ cookie: { name } })).not.toThrow();
    expect(() => resolve({ cookie: { name: `${name}n` } })).toThrow(/^cookie\.name must be 1 to 128/);
  });
});

describe("cookie attributes", () => {
  const evil = [
    "",
    " ",
    ";",
    "a;b",
    "a b",
    "a\r\nSet-Cookie: x=y",
    "a\0",
    "a=b",
    "a,b",
    "é",
    '"a"',
    "a\tb",
    5,
    null,
  ];

  it.each(evil)("reject the name %j", (name) => {
    expect(() => resolve({ cookie: { name } })).toThrow(/^cookie\.name must be/);
  });

  it.each(["", "app", "/;", "/a b", "/\r\nx", "/é", "/\0", "/\u007f", 5, null])(
    "reject the path %j",
    (path) => {
      expect(() => resolve({ cookie: { path } })).toThrow(/^cookie\.path must be/);
    },
  );

  it.each([...evil.filter((domain) => domain !== null), ".example.com", "example.com.", "-a", null])(
    "reject the domain %j",
    (domain) => {
      expect(() => resolve({ cookie: { domain } })).toThrow(/^cookie\.domain must be/);
    },
  );

  it("reject combinations that browsers drop, and unknown values", () => {
    expect(() => resolve({ cookie: { sameSite: "none", secure: false } })).toThrow(
      /^cookie\.sameSite "none" requires secure: true/,
    );
    expect(() => resolve({ cookie: { partitioned: true, secure: false } })).toThrow(
      /^cookie\.partitioned requires secure: true/,
    );
    for (const sameSite of ["Strict", true, null, ""]) {
      expect(() => resolve({ cookie: { sameSite } })).toThrow(/^cookie\.sameSite must be/);
    }
    for (const key of ["secure", "httpOnly", "partitioned"]) {
      expect(() => resolve({ cookie: { [key]: "false" } })).toThrow(
        `cookie.${key} must be true or false. Received "false".`,
      );
    }
  });
});
