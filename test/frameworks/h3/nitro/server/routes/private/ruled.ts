import { defineHandler } from "nitro";

/** Cached by a rule of nitro.config.ts, which does not ask the middleware for this folder. */
export default defineHandler(() => "for everybody");
