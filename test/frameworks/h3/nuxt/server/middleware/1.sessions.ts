import { defineMiddleware } from "nitro";
import { sessions } from "../utils/sessions.ts";

const load = sessions.public();

// For pages: what renders them has an event of its own, with the same `context`.
export default defineMiddleware((event, next) =>
  load(event, () => {
    event.context.userKey = sessions.current(event)?.userKey;
    return next();
  }),
);
