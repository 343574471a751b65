import { json } from "node:stream/consumers";
import type { Context } from "koa";

/** Stands for the app's body parser. */
export function readJson(ctx: Context): Promise<unknown> {
  return json(ctx.req);
}
