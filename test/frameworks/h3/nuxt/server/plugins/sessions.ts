import { definePlugin } from "nitro";
import { sessions } from "../utils/sessions.ts";

export default definePlugin((app) => {
  app.hooks.hook("response", sessions.onResponse);
});
