import { mysqlBackends } from "./_mysql-backends.ts";
import { storeSuite } from "./_suite.ts";

for (const backend of mysqlBackends()) storeSuite(backend);
