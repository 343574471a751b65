import { env } from "cloudflare:workers";
import { durableObjectStore } from "sessionup/stores/durable-objects";
import { createApp } from "./app.ts";

export { SessionsObject } from "sessionup/stores/durable-objects";

export default {
  // Cloudflare overwrites this header, so a client cannot forge it.
  fetch: createApp(
    durableObjectStore(env.SESSIONS),
    (request) => request.headers.get("cf-connecting-ip") ?? undefined,
  ),
};
