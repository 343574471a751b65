import { lmdbBackend } from "./_lmdb-backend.ts";
import { storeSuite } from "./_suite.ts";

storeSuite(lmdbBackend());
