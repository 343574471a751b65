import { getRequestListener } from "@hono/node-server";
import { runningOn } from "../running.ts";

/** What of a Hono app is needed, whatever its types. */
interface Fetching {
  readonly fetch: Parameters<typeof getRequestListener>[0];
}

/** Runs the app on Node for as long as `use` takes. */
export function running(app: Fetching, use: Parameters<typeof runningOn>[1]): Promise<void> {
  return runningOn(getRequestListener(app.fetch), use);
}
