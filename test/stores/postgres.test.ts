import { bouncerBackends, pgBackend, postgresJsBackend } from "./_postgres-backends.ts";
import { storeSuite } from "./_suite.ts";

storeSuite(pgBackend());
storeSuite(postgresJsBackend());
for (const backend of bouncerBackends()) storeSuite(backend);
