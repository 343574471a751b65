import { env } from "cloudflare:workers";
import { durableObjectStore } from "sessionup/stores/durable-objects";
import { createApp } from "./app.ts";

export { SessionsObject } from "sessionup/stores/durable-objects";

export default {
  // Cloudflare sets that header itself, whatever a client sends.
  fetch: createApp(
    durableObjectStore(env.SESSIONS),
    (request) => request.headers.get("cf-connecting-ip") ?? undefined,
  ),
};
