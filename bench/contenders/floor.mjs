import { handWrittenOver } from "./_hand-written-database.mjs";
import { handWrittenInMemory } from "./_hand-written-memory.mjs";

/** What somebody would write who has no library, and needs no list. */
export const node = (database) =>
  database.kind === "memory" ? handWrittenInMemory() : handWrittenOver(database);
