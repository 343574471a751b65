import { type H3, toNodeHandler } from "h3";
import { runningOn } from "../running.ts";

/** Runs the app on Node until `use` settles. */
export function running(app: H3, use: Parameters<typeof runningOn>[1]): Promise<void> {
  return runningOn(toNodeHandler(app), use);
}
