import express5 from "express";
import express4 from "express4";
import { describe } from "vitest";
import { passportSuite } from "./suite.ts";

describe.each([
  ["Express 4", express4 as unknown as typeof express5],
  ["Express 5", express5],
])("Passport on %s", (_name, framework) => {
  passportSuite({
    async create(parts, onError) {
      const { createExpressApp } = await import("./express.ts");
      return createExpressApp(framework, parts, onError);
    },
    acceptsForms: true,
  });
});
