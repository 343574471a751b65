import { defineMiddleware } from "nitro";
import { sessions } from "../utils/sessions.ts";

const load = sessions.public();

// Pages read `context`: Nuxt renders them with an event of its own that shares it.
export default defineMiddleware((event, next) =>
  load(event, () => {
    event.context.userKey = sessions.current(event)?.userKey;
    return next();
  }),
);
