import { afterAll } from "vitest";
import { storeSuite } from "../../contract/suite.ts";
import { redisBackends, stopServers } from "./_backends.ts";

afterAll(stopServers);
for (const backend of redisBackends) storeSuite(backend);
