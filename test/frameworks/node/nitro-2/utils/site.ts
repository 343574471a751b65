import type {
  createError,
  fromNodeMiddleware,
  H3Event,
  sendRedirect,
  setCookie,
  setResponseStatus,
} from "h3";
import type { through } from "./through";

/** The functions of h3 1 from this app's bundle. */
interface H3 {
  readonly createError: typeof createError;
  readonly sendRedirect: typeof sendRedirect;
  readonly setCookie: typeof setCookie;
  readonly setResponseStatus: typeof setResponseStatus;
}

/** The behaviour that the running test provides; the test runs in the same process. */
interface Site {
  middleware(
    event: H3Event,
    ways: { fromNodeMiddleware: typeof fromNodeMiddleware; through: typeof through },
  ): Promise<void>;
  handler(event: H3Event, h3: H3): unknown;
}

export const site = (): Site => Reflect.get(globalThis, Symbol.for("sessionup.nitro-2"));
