import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compile } from "../../frameworks/build.ts";
import { installExamples } from "./packages.ts";

it("the examples with Auth.js, better-auth, Arctic and Passport compile", async () => {
  await installExamples("oidc-provider", "authjs", "better-auth", "arctic", "passport");
  await expect(compile(fileURLToPath(new URL(".", import.meta.url)))).resolves.toBeUndefined();
}, 600_000);
