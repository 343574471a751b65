import makeFastify from "fastify";
import { createActions, LOGIN } from "./_actions.mjs";

export async function createListener(contender) {
  const app = makeFastify();
  await contender.use?.(app);
  const options = contender.guard ? { preHandler: contender.guard } : {};
  app.get("/", options, (request, reply) => reply.send(contender.userKey(request, reply)));
  app.get(`${LOGIN}:userKey`, async (request, reply) => {
    await contender.login(request.params.userKey, request, reply);
    return "";
  });
  for (const [path, act] of Object.entries(createActions(contender))) {
    app.get(path, options, async (request, reply) => (await act(request, reply)) ?? "");
  }
  await app.ready();
  return app.routing;
}
