// Reads the sources, which are not there in every runtime that runs the tests beside them.
import { Manager, type SessionPolicy } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { membersOf } from "../support/declared.ts";

describe("manager.policy", () => {
  it("leaves out no option that decides about sessions", () => {
    // What the app's own functions do, what is the app's own data, and whom to believe about addresses.
    const others = ["trustProxy", "keys", "generateId", "generateSecret", "meta", "maxMetaBytes", "clock"];
    const said: Readonly<Record<string, keyof SessionPolicy>> = {
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
    expect([...Object.keys(said), ...others].sort()).toEqual(membersOf("ManagerOptions"));
    expect(Object.keys(new Manager(memoryStore()).policy)).toEqual(
      expect.arrayContaining(Object.values(said)),
    );
  });
});
