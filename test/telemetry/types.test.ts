import { expect, it } from "vitest";
import { compile } from "../frameworks/build.ts";
import { installTelemetryPackages, TELEMETRY } from "./packages.ts";

it("openTelemetry takes the objects of @opentelemetry/api, by their types", async () => {
  await installTelemetryPackages();
  await expect(compile(TELEMETRY, "tsconfig.json")).resolves.toBeUndefined();
}, 600_000);
