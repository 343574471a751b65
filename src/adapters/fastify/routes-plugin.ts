import type { RouteAnswer, Routes } from "../../http/mount.ts";

/** The Fastify instance that the ready-made routes are registered with, as far as they use it. */
export interface FastifyScope {
  readonly prefix: string;
  readonly supportedMethods: readonly string[];
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(contentType: string, parser: never): unknown;
  route(options: never): unknown;
}

/** A plugin for `app.register`. */
export type FastifyPlugin = (instance: FastifyScope) => Promise<void>;

/** Fastify's generic signatures, as the plugin calls them. */
interface RoutesScope<Reply> {
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  route(options: {
    method: string[];
    url: string;
    exposeHeadRoute: boolean;
    handler: (
      request: { readonly method: string; readonly params: { readonly "*"?: string } },
      reply: Reply & { callNotFound(): unknown },
    ) => Promise<unknown>;
  }): unknown;
}

/**
 * Creates a plugin that registers each route by itself, so that every other path stays the app's. Fastify's router finds the
 * routes, and the app may have made it ignore slashes and capitals. So a request is answered by its route, not by its URL.
 */
export function routesPlugin<Reply>(
  routes: Routes<Reply>,
  send: (answer: RouteAnswer, reply: Reply) => void,
): FastifyPlugin {
  return async (instance) => {
    const scope = instance as unknown as RoutesScope<Reply>;
    // The routes ignore bodies. An unread body is never of a wrong type, malformed or too large.
    instance.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    const mount = instance.prefix.replace(/\/$/, "");
    for (const path of routes.paths(mount)) {
      scope.route({
        method: instance.supportedMethods.filter((method) => method !== "OPTIONS"),
        // A parameter has a maximum length in Fastify, and a longer id would get the app's 404.
        url: path.slice(mount.length).replace(/:id$/, "*"),
        // HEAD is among the methods.
        exposeHeadRoute: false,
        async handler({ method, params }, reply) {
          const id = params["*"]?.replace(/[?#]/g, encodeURIComponent) ?? "";
          const answer = await routes(reply, { method, mount, path: path.replace(/:id$/, () => id) });
          if (answer) send(answer, reply);
          else reply.callNotFound();
          return reply;
        },
      });
    }
  };
}
