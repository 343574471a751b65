import { expect, it } from "vitest";
import { compile } from "../frameworks/build.ts";
import { installOldPackages, MIGRATE } from "./packages.ts";

// express-session, cookie-session and the packages of Fastify declare different types for the same property, so that they
// are separate programs.
const PROGRAMS = [
  "tsconfig.json",
  "tsconfig.cookie-session.json",
  "tsconfig.fastify-session.json",
  "tsconfig.fastify-secure-session.json",
];

it.each(PROGRAMS)(
  "the code in docs/migrate/ compiles: %s",
  async (program) => {
    await installOldPackages();
    await expect(compile(MIGRATE, program)).resolves.toBeUndefined();
  },
  600_000,
);
