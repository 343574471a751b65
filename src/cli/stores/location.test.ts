// cspell:ignore rediz postgre
import { describe, expect, it } from "vitest";
import { parseLocation } from "./location.ts";
import { checkStoreFlags } from "./store-flags.ts";

describe("parseLocation", () => {
  it.each([
    ["redis://localhost:6379/2", { engine: "redis", url: "redis://localhost:6379/2" }],
    ["valkeys://cache", { engine: "redis", url: "rediss://cache" }],
    ["valkey://cache", { engine: "redis", url: "redis://cache" }],
    ["postgresql://app@db/app", { engine: "postgres", url: "postgres://app@db/app" }],
    ["mariadb://app@db/app", { engine: "mysql", url: "mysql://app@db/app" }],
    ["MYSQL://app@db/app", { engine: "mysql", url: "MYSQL://app@db/app" }],
    ["sqlite:sessions.db", { engine: "sqlite", path: "sessions.db" }],
    ["sqlite:./data/sessions.db", { engine: "sqlite", path: "./data/sessions.db" }],
    ["sqlite:///var/sessions.db", { engine: "sqlite", path: "/var/sessions.db" }],
    ["sqlite://sessions.db", { engine: "sqlite", path: "sessions.db" }],
    ["file:sessions.db", { engine: "libsql", url: "file:sessions.db" }],
    ["file:///var/sessions.db", { engine: "libsql", url: "file:/var/sessions.db" }],
    ["libsql://app.turso.io", { engine: "libsql", url: "libsql://app.turso.io" }],
    ["https://app.turso.io", { engine: "libsql", url: "https://app.turso.io" }],
    ["lmdb:/var/sessions.lmdb", { engine: "lmdb", path: "/var/sessions.lmdb" }],
    ["./sessions.js", { engine: "module", path: "./sessions.js" }],
    ["src/sessions.ts", { engine: "module", path: "src/sessions.ts" }],
    ["C:\\app\\sessions.mjs", { engine: "module", path: "C:\\app\\sessions.mjs" }],
  ])("parses %s", (text, location) => {
    expect(parseLocation(text)).toEqual(location);
  });

  it.each([
    ["mongo://x", '"mongo:" is not the beginning of a store\'s URL.'],
    ["rediz://x", '"rediz:" is not the beginning of a store\'s URL.'],
    ["sessions.db", '"sessions.db" needs the name of its engine: --store sqlite:sessions.db'],
    ["x.lmdb", '"x.lmdb" needs the name of its engine: --store lmdb:x.lmdb'],
    ["sqlite:", "The store needs a path, such as sqlite:sessions.db."],
    ["nonsense", "The store must be a URL, or a module with the ending .js, .mjs, .cjs or .ts."],
  ])("rejects %s", (text, message) => {
    expect(() => parseLocation(text)).toThrow(message);
  });

  it("does not repeat an invalid URL, which may have a password", () => {
    expect(() => parseLocation("postgres://app:p@ss/word@db:x/app")).toThrow(
      expect.objectContaining({ message: "The store's URL is not valid." }),
    );
  });

  it("suggests the nearest scheme", () => {
    expect(() => parseLocation("postgre://db")).toThrow(
      expect.objectContaining({ hints: expect.arrayContaining(['Did you mean "postgres:"?']) }),
    );
  });
});

describe("checkStoreFlags", () => {
  it("rejects an option that another store has", () => {
    const location = { engine: "redis", url: "redis://x" } as const;
    expect(() => checkStoreFlags({ table: "t" }, location)).toThrow(
      "--table is not an option of this store (redis).",
    );
    expect(() => checkStoreFlags({ prefix: "p:" }, location)).not.toThrow();
  });

  it("rejects every option for a module, which sets its own", () => {
    const location = { engine: "module", path: "./s.js" } as const;
    expect(() => checkStoreFlags({ prefix: "p:" }, location)).toThrow("--prefix has no effect on a module");
  });
});
