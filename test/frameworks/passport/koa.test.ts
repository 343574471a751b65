import { describe } from "vitest";
import { passportSuite } from "./suite.ts";

describe("Passport on Koa", () => {
  passportSuite({
    async create(parts, onError) {
      const { createKoaApp } = await import("./koa.ts");
      return createKoaApp(parts, onError);
    },
  });
});
