import { storeSuite } from "../../contract/suite.ts";
import { bouncerBackends, pgBackend, postgresJsBackend } from "./_backends.ts";

storeSuite(pgBackend());
storeSuite(postgresJsBackend());
for (const backend of bouncerBackends()) storeSuite(backend);
