import { storeSuite } from "../../contract/suite.ts";
import { lmdbBackend, pushBackend } from "./_backend.ts";

storeSuite(lmdbBackend());
storeSuite(pushBackend());
