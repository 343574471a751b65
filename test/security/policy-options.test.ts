// A file of its own, because it reads sources that are missing in some runtimes that run the other tests.
import { Manager } from "sessionup";
import { type SessionPolicy, sessionPolicy } from "sessionup/report";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { membersOf } from "../support/declared.ts";

describe("sessionPolicy", () => {
  it("sessionPolicy reports every option that affects sessions", () => {
    // These options hold the app's own functions and data, the addresses of trusted proxies, how connections are watched, and how requests are traced.
    const others = [
      "live",
      "telemetry",
      "trustProxy",
      "keys",
      "generateId",
      "generateSecret",
      "meta",
      "maxMetaBytes",
      "clock",
    ];
    const reported: Readonly<Record<string, keyof SessionPolicy>> = {
      cookie: "cookie",
      expiresIn: "absolute",
      nist: "nist",
      idleTimeout: "idle",
      rotateEvery: "rotation",
      transports: "transports",
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
