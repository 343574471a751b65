import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** How this runtime is told to run a file of TypeScript as a process of its own. */
export const RUNTIME_ARGUMENTS: readonly string[] =
  "Deno" in globalThis ? ["run", "--allow-all"] : "Bun" in globalThis ? [] : ["--import", "tsx"];
