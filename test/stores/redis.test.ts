import { redisBackends } from "./_redis-backends.ts";
import { storeSuite } from "./_suite.ts";

for (const backend of redisBackends) storeSuite(backend);
