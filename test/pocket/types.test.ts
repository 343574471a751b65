import { expect, it } from "vitest";
import { compile } from "../frameworks/build.ts";
import { installPocketPackages, POCKET } from "./packages.ts";

it("the code in docs/guides/data-before-login.md compiles", async () => {
  await installPocketPackages();
  await expect(compile(POCKET, "tsconfig.json")).resolves.toBeUndefined();
}, 600_000);
