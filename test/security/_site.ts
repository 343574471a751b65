import type { ManagerOptions } from "sessionup";
import { createHarness } from "../support/harness.ts";

/** Creates a harness that records the sessions that end. */
export function siteWith(options: ManagerOptions = {}) {
  const harness = createHarness(options);
  return { ...harness, ended: harness.record("ended") };
}
