import { defineMiddleware } from "nitro";
import { sessions } from "../utils/sessions.ts";

const auth = sessions.auth();

export default defineMiddleware((event, next) =>
  event.url.pathname.startsWith("/private/") ? auth(event, next) : next(),
);
