import { expect, it } from "vitest";
import { compile } from "../frameworks/build.ts";
import { installOrms, RECIPES } from "./packages.ts";
import { generatePrismaClient } from "./prisma.ts";

it("the code in docs/recipes/orms.md compiles", async () => {
  await installOrms();
  await generatePrismaClient();
  await expect(compile(RECIPES)).resolves.toBeUndefined();
}, 600_000);
