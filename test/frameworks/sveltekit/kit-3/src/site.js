import { error, fail, redirect } from "@sveltejs/kit";
import { sequence } from "@sveltejs/kit/hooks";

/** SvelteKit's functions from this app's bundle. */
const kit = { error, fail, redirect, sequence };

const KEY = Symbol.for("sessionup.sveltekit");

const NOTHING = {
  handle: ({ event, resolve }) => resolve(event),
  endpoint: () => new Response(null, { status: 404 }),
  load: () => ({}),
  action: () => ({}),
  thrown: () => {},
};

/**
 * Returns the running test's behaviour; the test runs in the same process. During the build, no test provides
 * one.
 */
export function site() {
  const given = globalThis[KEY];
  if (!given) return NOTHING;
  given.site ??= { ...NOTHING, ...given.make(kit) };
  return given.site;
}
