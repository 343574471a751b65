import { storeSuite } from "../../contract/suite.ts";
import { lmdbBackend } from "./_backend.ts";

storeSuite(lmdbBackend());
