import { expect, it } from "vitest";
import { compile } from "../frameworks/build.ts";
import { installOldPackages, MIGRATE } from "./packages.ts";

// The packages declare different types for `request.session`, so that they cannot share one program.
const PROGRAMS = ["tsconfig.json", "tsconfig.cookies.json"];

it.each(PROGRAMS)(
  "the code in docs/migrate/ compiles: %s",
  async (program) => {
    await installOldPackages();
    await expect(compile(MIGRATE, program)).resolves.toBeUndefined();
  },
  600_000,
);
