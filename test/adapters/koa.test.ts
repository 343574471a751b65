import { createServer } from "node:http";
import { adapterContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { koaApp } from "./_koa-app.ts";
import { listen } from "./_listen.ts";

describe("sessionup/koa", () => {
  adapterContract({ describe, it }, { start: (app) => listen(createServer(koaApp(app).callback())) });
});
