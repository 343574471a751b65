/** A process with one store. */
import { memoryStore } from "../../../src/stores/memory.ts";
import { serveEndedOnce } from "../../support/ended-once/child.ts";

serveEndedOnce(() => memoryStore({ cleanupEvery: false }));
