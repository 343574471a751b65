import { defineHandler } from "nitro";

/** Cached by a rule of nitro.config.ts, so that this folder's middleware does not run. */
export default defineHandler(() => "for every user");
