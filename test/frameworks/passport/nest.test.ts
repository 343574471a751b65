import { describe } from "vitest";
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
