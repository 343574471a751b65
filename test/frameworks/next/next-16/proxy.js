import { app } from "./app/_app.js";

export function proxy(request, event) {
  return app().proxy(request, event);
}

export const config = { matcher: "/proxied/:path*" };
