import type { H3Event } from "nitro";
import type { redirect, setCookie } from "nitro/h3";

/** What the test under way gives this app to do, in whose process it runs. */
interface Site {
  middleware(event: H3Event, next: () => unknown): unknown;
  /** With the functions of h3 that this app has in its bundle. */
  handler(event: H3Event, h3: { redirect: typeof redirect; setCookie: typeof setCookie }): unknown;
  onResponse(response: Response, event: object): void;
}

export const site = (): Site => Reflect.get(globalThis, Symbol.for("sessionup.nitro"));
