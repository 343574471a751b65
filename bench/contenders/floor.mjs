import { handWrittenInDatabase } from "./_hand-written-database.mjs";
import { handWrittenInMemory } from "./_hand-written-memory.mjs";

/** The code that a developer would write without a library and without a list of sessions. */
export const node = (database) =>
  database.kind === "memory" ? handWrittenInMemory() : handWrittenInDatabase(database);
