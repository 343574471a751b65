/** A process with several stores over one file: `_ended-once.ts <path>`. */
import { open } from "lmdb";
import { lmdbStore } from "../../../src/stores/lmdb.ts";
import { serveEndedOnce } from "../../support/ended-once/child.ts";

const [path = ""] = process.argv.slice(2);
serveEndedOnce(() => lmdbStore(open, { path, cleanupEvery: false }));
