import { expect, it } from "vitest";
import { compile } from "../build.ts";
import { installNest11, NEST_11 } from "./nest-11.ts";

it("sessionup/nest compiles with the types of NestJS 11", async () => {
  await installNest11();
  await expect(compile(NEST_11, "types")).resolves.toBeUndefined();
}, 600_000);
