import core from "@nestjs/core/package.json" with { type: "json" };
import { adapterContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { contractApp, listenApp, PLATFORMS } from "./app.ts";

// vitest.config.ts runs this file on two majors of NestJS.
const [major] = core.version.split(".");

for (const platform of PLATFORMS) {
  describe(`sessionup/nest on NestJS ${major} on ${platform}`, () => {
    adapterContract({ describe, it }, { start: async (app) => listenApp(await contractApp(app, platform)) });
  });
}
