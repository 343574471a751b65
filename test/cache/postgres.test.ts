import { pushBackends } from "../stores/postgres/_backends.ts";
import { cacheSuite } from "./_servers.ts";

for (const backend of pushBackends().slice(0, 1)) cacheSuite(backend);
