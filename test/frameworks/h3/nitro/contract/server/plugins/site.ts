import { definePlugin } from "nitro";
import { site } from "../../site.ts";

export default definePlugin((app) => {
  app.hooks.hook("response", (response, event) => site().onResponse(response, event));
});
