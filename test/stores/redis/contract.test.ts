import { storeSuite } from "../../contract/suite.ts";
import { redisBackends } from "./_backends.ts";

for (const backend of redisBackends) storeSuite(backend);
