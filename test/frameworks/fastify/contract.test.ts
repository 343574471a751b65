import { adapterContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { fastifyApp, listening } from "./app.ts";

describe("sessionup/fastify", () => {
  adapterContract({ describe, it }, { start: (app) => listening(fastifyApp(app)) });
});
