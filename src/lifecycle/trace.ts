import type { Operation } from "../options/telemetry.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Runs an operation that is a function of a subpath, with the manager's option `telemetry` if it is set. @internal */
export function traceOperation<Result>(
  { options: { telemetry } }: Pick<Lifecycle, "options">,
  operation: Operation,
  run: () => Promise<Result>,
  args?: readonly unknown[],
): Promise<Result> {
  return telemetry ? telemetry.trace(operation, run, args) : run();
}
