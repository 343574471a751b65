import { error, fail, redirect } from "@sveltejs/kit";
import { sequence } from "@sveltejs/kit/hooks";

/** SvelteKit's own functions, as this app has them in its bundle. */
const kit = { error, fail, redirect, sequence };

const KEY = Symbol.for("sessionup.sveltekit");

const NOTHING = {
  handle: ({ event, resolve }) => resolve(event),
  endpoint: () => new Response(null, { status: 404 }),
  load: () => ({}),
  action: () => ({}),
  thrown: () => {},
};

/** What the test under way gives this app to do, which runs in its process. While it is built, nothing is there. */
export function site() {
  const given = globalThis[KEY];
  if (!given) return NOTHING;
  given.site ??= { ...NOTHING, ...given.make(kit) };
  return given.site;
}
