import { defineHandler } from "nitro";
import { sessions } from "../utils/sessions.ts";

/** Cached by a rule of nitro.config.ts, with the guard on the handler. */
export default defineHandler({
  middleware: [sessions.auth()],
  handler: (event) => sessions.require(event).userKey,
});
