import { adapterContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { contractApp, listenApp, PLATFORMS } from "./_nest-app.ts";

for (const platform of PLATFORMS) {
  describe(`sessionup/nest on ${platform}`, () => {
    adapterContract({ describe, it }, { start: async (app) => listenApp(await contractApp(app, platform)) });
  });
}
