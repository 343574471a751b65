import { svelteKitSessions } from "sessionup/sveltekit";
import { describe } from "vitest";
import { type Major, serveSvelteKit } from "../sveltekit/build.ts";
import { type StartStreamApp, streamSuite } from "./_suite.ts";

function onKit(major: Major): StartStreamApp {
  return ({ manager, open }) => {
    const sessions = svelteKitSessions(manager);
    const auth = sessions.auth();
    return serveSvelteKit(major, () => ({
      handle: ({ event, resolve }) =>
        event.url.pathname === "/events" ? auth({ event, resolve }) : resolve(event),
      async endpoint(event) {
        if (event.url.pathname === "/events") return open(sessions, event).toResponse();
        await sessions.init(event, "ann");
        return new Response();
      },
    }));
  };
}

describe.each<Major>([3, 2])("an event stream of an endpoint of SvelteKit %i", (major) => {
  streamSuite(onKit(major));
});
