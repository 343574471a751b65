import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/** The folder with the ORMs and the code that docs/recipes/orms.md shows. */
export const RECIPES: string = fileURLToPath(new URL(".", import.meta.url));

export function installOrms(): Promise<void> {
  return installPackages(RECIPES, "ORMs (420 MB)");
}
