import { describe, expect, it } from "vitest";
import { z } from "zod";
import { typed } from "../lifecycle/metadata.ts";
import type { CookieOptions } from "./cookie-options.ts";
import { type ManagerOptions, resolveOptions } from "./options.ts";

/** The options as a caller without types may write them. */
function resolve(options: Record<string, unknown>): ReturnType<typeof resolveOptions> {
  return resolveOptions(options as ManagerOptions);
}

describe("options", () => {
  it("are OWASP's unless others are given", () => {
    const { cookie, lifetime, client, validate, limit, maxMetaBytes } = resolve({});
    expect({ cookie, lifetime, client, validate, limit, maxMetaBytes }).toEqual({
      cookie: {
        base: "sessionup",
        formerBases: [],
        previous: [],
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
      limit: { max: 1_000, onExceed: "evict-oldest" },
      maxMetaBytes: 4_096,
    });
  });

  it("are frozen", () => {
    const resolved = resolve({ validate: { ip: true } });
    for (const part of [resolved, resolved.cookie, resolved.cookie.attributes, resolved.client]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    // Its `notBefore` can be set while the app runs.
    expect(Object.isSealed(resolved.lifetime)).toBe(true);
    expect(Object.isFrozen(resolved.limit) && Object.isFrozen(resolved.validate)).toBe(true);
  });

  it.each([
    [{ expireIn: "1h" }, /^options: no option "expireIn"; there are cookie, expiresIn,/],
    [{ cookie: { samesite: "lax" } }, /^cookie: no option "samesite"; there are name, path,/],
    [{ cookie: null }, /^cookie: needs an object/],
    [{ expiresIn: 3_600_000 }, /^expiresIn: needs a whole number above zero and/],
    [{ expiresIn: "401d" }, /^expiresIn: at most "400d"/],
    [{ idleTimeout: "-5m" }, /^idleTimeout: needs/],
    [{ nist: "aal4" }, /^nist: needs "aal1", "aal2" or "aal3"/],
    [{ nist: "toString" }, /^nist: needs/],
    [{ nist: 2 }, /^nist: needs/],
    [{ nist: null }, /^nist: needs/],
    [
      { nist: "aal1", expiresIn: "31d" },
      /^expiresIn: "31d" is longer than nist: "aal1" allows, which is 30 days/,
    ],
    [
      { nist: "aal2", expiresIn: "25h" },
      /^expiresIn: "25h" is longer than nist: "aal2" allows, which is 24 hours/,
    ],
    [
      { nist: "aal2", idleTimeout: "61m" },
      /^idleTimeout: "61m" is longer than nist: "aal2" allows, which is 1 hour/,
    ],
    [
      { nist: "aal3", expiresIn: "43201s" },
      /^expiresIn: "43201s" is longer than nist: "aal3" allows, which is 12 hours/,
    ],
    [
      { nist: "aal3", idleTimeout: "16m" },
      /^idleTimeout: "16m" is longer than nist: "aal3" allows, which is 15 minutes/,
    ],
    [{ client: { ip: "yes" } }, /^client.ip: needs true, "prefix", "hash" or false/],
    [{ client: { ip: "hash" } }, /^client.ip: "hash" needs the option keys, such as keys: /],
    [{ client: { geo: "db.mmdb" } }, /^client.geo: needs a function/],
    [{ keys: [] }, /^keys: needs a list/],
    [{ keys: "k".repeat(32) }, /^keys: needs a list/],
    [{ keys: [undefined] }, /^keys: needs texts of at least 32 bytes each/],
    [{ keys: ["k".repeat(31)] }, /^keys: needs texts of at least 32 bytes each/],
    [{ keys: ["k".repeat(32), "short"] }, /^keys: needs texts of at least 32 bytes each/],
    [{ recognize: true }, /^recognize: /],
    [{ recognize: { sessions: false } }, /^recognize: needs sessions, device or both/],
    [{ recognize: { device: "yes" } }, /^recognize.device: needs true or false/],
    [{ recognize: { device: true } }, /^recognize.device: needs the option keys/],
    [{ recognize: {}, client: { ip: false, agent: false } }, /^recognize.sessions: needs client.ip/],
    [{ client: { agent: 1 } }, /^client.agent: needs true or false/],
    [{ client: { parse: "ua-parser" } }, /^client.parse: needs a function/],
    [{ validate: {} }, /^validate: needs ip, agent or both/],
    [{ validate: { ip: 1 } }, /^validate.ip: needs true, false or "exact"/],
    [{ validate: { ip: "exact" }, client: { ip: "prefix" } }, /^validate.ip: "exact" needs client.ip: true/],
    [{ validate: { agent: "x" } }, /^validate.agent: needs true or false/],
    [{ validate: { ip: true, onChange: "log" } }, /^validate.onChange: needs "refuse", "end" or "report"/],
    [{ validate: { ip: true }, client: { ip: false } }, /^validate.ip: needs client.ip/],
    [{ validate: { agent: true }, client: { agent: false } }, /^validate.agent: needs client.agent/],
    [{ maxSessions: 5 }, /^maxSessions: needs an object/],
    [{ maxSessions: { max: 0, onExceed: "refuse" } }, /^maxSessions.max: needs a whole number above zero/],
    [{ maxSessions: { max: 1.5, onExceed: "refuse" } }, /^maxSessions.max: needs a whole number/],
    [{ maxSessions: { max: 5, onExceed: "oldest" } }, /^maxSessions.onExceed: needs "evict-oldest"/],
    [{ generateId: "uuid" }, /^generateId: needs a function/],
    [{ generateId: () => "short" }, /^generateId: needs to return 17 to 64 characters/],
    [
      { generateId: () => crypto.randomUUID() },
      /^generateId: needs to return 17 to 64 characters of \[0-9A-Za-z\]/,
    ],
    [{ generateId: () => "a".repeat(20) }, /^generateId: returned the same text twice/],
    [{ generateSecret: () => 5 }, /^generateSecret: needs to return 22 to 128 characters/],
    [{ generateSecret: () => "é".repeat(43) }, /^generateSecret: needs to return/],
    [{ generateSecret: () => "a".repeat(129) }, /^generateSecret: needs to return/],
    [{ meta: {} }, /^meta: needs a Standard Schema/],
    [{ meta: null }, /^meta: needs a Standard Schema/],
    [{ meta: { "~standard": { version: 2, validate: () => ({}) } } }, /^meta: needs a Standard Schema/],
    [{ maxMetaBytes: 0 }, /^maxMetaBytes: needs a whole number above zero/],
    [{ clock: 5 }, /^clock: needs a function/],
    [{ trustProxy: true }, /^trustProxy: needs false, a number/],
  ])("refuses %j, naming the option and the mend", (options, message) => {
    expect(() => resolve(options as Record<string, unknown>)).toThrow(message);
    expect(() => resolve(options as Record<string, unknown>)).toThrow(TypeError);
  });

  it("takes schemas of any library", () => {
    for (const meta of [z.object({}), typed<{ a: string }>()]) expect(resolve({ meta }).meta).toBe(meta);
  });

  it("checks every text that a generator makes", () => {
    const texts = ["a".repeat(20), "b".repeat(20), "c".repeat(20), "bad"];
    const { generateId } = resolve({ generateId: () => texts.shift() });
    expect(generateId()).toBe("c".repeat(20));
    expect(generateId).toThrow(/^generateId: needs to return/);
  });
});

describe("the cookie's name", () => {
  const sent = (cookie: CookieOptions) => resolve({ cookie }).cookie.attributes.name;

  it("has the strictest prefix that the other options allow", () => {
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
    [{ name: "__Host-sid", path: "/app" }, 'cookie.name: "__Host-" needs path "/", no domain, and secure'],
    [{ name: "__Host-sid", domain: "example.com" }, 'cookie.name: "__Host-" needs path "/"'],
    [{ name: "__HOST-sid", secure: false }, 'cookie.name: "__Host-" needs path "/"'],
    [{ name: "__secure-sid", secure: false }, 'cookie.name: "__secure-" needs secure'],
    [{ name: "__Http-sid", httpOnly: false }, 'cookie.name: "__Http-" needs httpOnly'],
    [{ name: "__Host-Http-sid", httpOnly: false }, 'cookie.name: "__Host-Http-" needs httpOnly'],
  ])("refuses %j, which browsers would drop", (cookie, message) => {
    expect(() => resolve({ cookie })).toThrow(message);
  });

  it("keeps name and value within the 4 096 bytes of a browser at their longest", () => {
    const name = "n".repeat(128);
    expect(`__Secure-${name}=`.length + 66 + 1 + 150).toBeLessThan(4_096);
    expect(() => resolve({ cookie: { name } })).not.toThrow();
    expect(() => resolve({ cookie: { name: `${name}n` } })).toThrow(/^cookie.name: needs 1 to 128/);
  });
});

describe("attributes that could split a header", () => {
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

  it.each(evil)("refuses the name %j", (name) => {
    expect(() => resolve({ cookie: { name } })).toThrow(/^cookie.name: needs/);
  });

  it.each(["", "app", "/;", "/a b", "/\r\nx", "/é", "/\0", "/\u007f", 5, null])(
    "refuses the path %j",
    (path) => {
      expect(() => resolve({ cookie: { path } })).toThrow(/^cookie.path: needs/);
    },
  );

  it.each([...evil.filter((domain) => domain !== null), ".example.com", "example.com.", "-a", null])(
    "refuses the domain %j",
    (domain) => {
      expect(() => resolve({ cookie: { domain } })).toThrow(/^cookie.domain: needs/);
    },
  );

  it("refuses what browsers drop, or what is no choice", () => {
    expect(() => resolve({ cookie: { sameSite: "none", secure: false } })).toThrow(
      /^cookie.sameSite: "none" needs secure/,
    );
    expect(() => resolve({ cookie: { partitioned: true, secure: false } })).toThrow(
      /^cookie.partitioned: needs secure/,
    );
    for (const sameSite of ["Strict", true, null, ""]) {
      expect(() => resolve({ cookie: { sameSite } })).toThrow(/^cookie.sameSite: needs/);
    }
    for (const key of ["secure", "httpOnly", "partitioned"]) {
      expect(() => resolve({ cookie: { [key]: "false" } })).toThrow(`cookie.${key}: needs true or false`);
    }
  });
});
