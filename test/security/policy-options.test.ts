// Reads the sources, which are not there in every runtime that runs the tests beside them.
import { Manager } from "sessionup";
import { type SessionPolicy, sessionPolicy } from "sessionup/report";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { membersOf } from "../support/declared.ts";

describe("sessionPolicy", () => {
  it("reports every option that decides about sessions", () => {
    // These options hold the app's own functions and data, and the addresses of trusted proxies.
    const others = ["trustProxy", "keys", "generateId", "generateSecret", "meta", "maxMetaBytes", "clock"];
    const reported: Readonly<Record<string, keyof SessionPolicy>> = {
      cookie: "cookie",
      expiresIn: "absolute",
      nist: "nist",
      idleTimeout: "idle",
      rotateEvery: "rotation",
      client: "kept",
      recognize: "recognize",
      validate: "validate",
      trustedOrigins: "trustedOrigins",
      tombstones: "tombstones",
      notBefore: "notBefore",
      clearSiteData: "clearSiteData",
      maxSessions: "concurrent",
    };
    expect([...Object.keys(reported), ...others].sort()).toEqual(membersOf("ManagerOptions"));
    expect(Object.keys(sessionPolicy(new Manager(memoryStore())))).toEqual(
      expect.arrayContaining(Object.values(reported)),
    );
  });
});
