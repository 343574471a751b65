import { defineHandler } from "nitro";
import { sessions } from "../utils/sessions.ts";

export default defineHandler({
  middleware: [sessions.auth()],
  handler: (event) => sessions.fetchAll(event),
});
