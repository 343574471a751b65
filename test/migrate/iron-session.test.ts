import type { Request } from "express";
import { describe, expect, it } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { provideRedis } from "./servers.ts";

const PASSWORD = "the old password, of 32 characters";

async function load(): Promise<GuideApps> {
  const closeRedis = await provideRedis();
  process.env.SESSION_PASSWORD = PASSWORD;
  process.env.OLD_COOKIES_UNTIL = new Date(Date.now() + 14 * 86_400_000).toISOString();
  const { app: before } = await import("./apps/iron-session/before.ts");
  const { app: after } = await import("./apps/iron-session/after.ts");
  const { manager } = await import("./apps/express-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, manager, users, close: closeRedis };
}

describe("docs/migrate/iron-session.md", () => {
  migrationSuite({
    oldCookie: "my-app",
    oldLifetime: 14 * 86_400_000,
    stateless: true,
    load,
    async expire(visitor) {
      const { sealData } = await import("iron-session");
      visitor.jar.set("my-app", await sealData({ userId: "user-1" }, { password: PASSWORD, ttl: -61 }));
    },
  });

  it("the expiry of a seal is read from chunks, too, and is OLD_COOKIES_UNTIL with ttl 0", async () => {
    const { sealData } = await import("iron-session");
    const { readOldExpiry, OLD_COOKIES_UNTIL } = await import("./apps/iron-session/old-session.ts");
    const read = (cookie: string) => readOldExpiry({ headers: { cookie } } as Request);
    const seal = await sealData({ userId: "user-1" }, { password: PASSWORD, ttl: 3_600 });
    const whole = read(`my-app=${seal}`);
    expect(whole.getTime()).toBeGreaterThan(Date.now());
    expect(whole.getTime()).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expect(read(`my-app.0=${seal.slice(0, 150)}; my-app.1=${seal.slice(150)}`)).toEqual(whole);
    const endless = await sealData({ userId: "user-1" }, { password: PASSWORD, ttl: 0 });
    expect(read(`my-app=${endless}`)).toEqual(OLD_COOKIES_UNTIL);
  });
});
