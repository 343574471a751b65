import { storeSuite } from "../../contract/suite.ts";
import { mysqlBackends } from "./_backends.ts";

for (const backend of mysqlBackends()) storeSuite(backend);
