import { defineMiddleware } from "nitro";
import { site } from "../../site.ts";

export default defineMiddleware((event, next) => site().middleware(event, next));
