import { storeSuite } from "../../contract/suite.ts";
import { bouncerBackends, pgBackend, postgresJsBackend, pushBackends } from "./_backends.ts";

storeSuite(pgBackend());
storeSuite(postgresJsBackend());
for (const backend of bouncerBackends()) storeSuite(backend);
for (const backend of pushBackends()) storeSuite(backend);
