import type { H3Event } from "nitro";
import type { redirect, setCookie } from "nitro/h3";

/** The behaviour that the running test provides; the test runs in the same process. */
interface Site {
  middleware(event: H3Event, next: () => unknown): unknown;
  /** Receives the functions of h3 from this app's bundle. */
  handler(event: H3Event, h3: { redirect: typeof redirect; setCookie: typeof setCookie }): unknown;
  onResponse(response: Response, event: object): void;
}

export const site = (): Site => Reflect.get(globalThis, Symbol.for("sessionup.nitro"));
