import { createServer } from "node:http";
import koa3 from "koa";
import koa2 from "koa2";
import { adapterContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { koaApp } from "./app.ts";

/** The class of each major version. The app uses only what both share. */
const VERSIONS: Readonly<Record<string, typeof koa3>> = {
  "Koa 3": koa3,
  "Koa 2": koa2 as unknown as typeof koa3,
};

for (const [version, Koa] of Object.entries(VERSIONS)) {
  describe(`sessionup/koa on ${version}`, () => {
    adapterContract({ describe, it }, { start: (app) => listen(createServer(koaApp(app, Koa).callback())) });
  });
}
