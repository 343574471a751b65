import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { listen } from "../../support/listen.ts";
import { Browser } from "./browser.ts";
import { installPassport } from "./packages.ts";
import { passportSuite } from "./suite.ts";

describe("Passport on NestJS", () => {
  passportSuite({
    async create(parts) {
      const { createNestApp } = await import("./nest.ts");
      return (await createNestApp(parts)).getHttpAdapter().getInstance();
    },
    // The guards of @nestjs/passport throw UnauthorizedException for each failure.
    invalidState: 401,
    reportsErrors: false,
  });
});

describe("Passport on NestJS with the app's guard and a PassportSerializer", () => {
  it("the guard of @nestjs/passport begins the session that the app's guard requires", async () => {
    await installPassport();
    const { createParts, PASSWORD } = await import("./parts.ts");
    const { createSerializerApp } = await import("./nest-serializer.ts");
    const parts = createParts({ origin: "http://127.0.0.1:1" } as never);
    const app = await createSerializerApp(parts);
    const { origin, close } = await listen(createServer(app.getHttpAdapter().getInstance()));
    onTestFinished(close);

    const browser = new Browser();
    expect((await browser.get(`${origin}/me`)).status).toBe(401);
    expect((await browser.post(`${origin}/login`, { username: "ann", password: "wrong" })).status).toBe(401);
    expect((await browser.post(`${origin}/login`, { username: "ann", password: PASSWORD })).status).toBe(201);
    expect(JSON.parse((await browser.get(`${origin}/me`)).text)).toEqual({ user: "ann" });
    parts.users.delete("ann");
    expect((await browser.get(`${origin}/me`)).status).toBe(401);
    expect(await parts.manager.fetchByUserKey("ann")).toEqual([]);
  }, 600_000);
});
