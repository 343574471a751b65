import { error, fail, type Handle, isHttpError, isRedirect, type RequestEvent, redirect } from "@sveltejs/kit";
import { sequence } from "@sveltejs/kit/hooks";

/** SvelteKit's own functions, as this app has them in its bundle. */
export const kit = { error, fail, isHttpError, isRedirect, redirect, sequence };
export type Kit = typeof kit;

/** What the test gives the app to do. */
export interface Site {
  readonly handle: Handle;
  endpoint(event: RequestEvent): Response | Promise<Response>;
  load(event: RequestEvent): unknown;
  action(event: RequestEvent): unknown;
  error?(thrown: unknown): void;
}

/** Makes the test's part, given SvelteKit's functions. */
export type MakeSite = (kit: Kit) => Site;

const KEY = Symbol.for("sessionup.sveltekit");

/** Of the test under way: the app runs in its process. */
export function site(): Site {
  const { [KEY]: found } = globalThis as { [KEY]?: { make: MakeSite; site?: Site } };
  // While it is built, nothing is there.
  if (!found) return NOTHING;
  found.site ??= found.make(kit);
  return found.site;
}

const NOTHING: Site = {
  handle: ({ event, resolve }) => resolve(event),
  endpoint: () => new Response(null, { status: 404 }),
  load: () => ({}),
  action: () => ({}),
};
