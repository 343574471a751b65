import { pgBackend, postgresJsBackend } from "./_postgres-backends.ts";
import { storeSuite } from "./_suite.ts";

storeSuite(pgBackend());
storeSuite(postgresJsBackend());
