import { getRequestListener } from "@hono/node-server";
import { runningOn } from "../running.ts";

/** The part of a Hono app that the tests need, independent of the app's types. */
interface Fetching {
  readonly fetch: Parameters<typeof getRequestListener>[0];
}

/** Runs the app on Node until `use` settles. */
export function running(app: Fetching, use: Parameters<typeof runningOn>[1]): Promise<void> {
  return runningOn(getRequestListener(app.fetch), use);
}
