import { createServer } from "node:http";
import { adapterContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { nodeApp } from "./_app.ts";

describe("sessionup/node on node:http", () => {
  adapterContract({ describe, it }, { start: (app) => listen(createServer(nodeApp(app))) });
});
