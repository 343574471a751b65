import makeExpress from "express";
import { createActions, LOGIN } from "./_actions.mjs";

export function createListener(contender) {
  const app = makeExpress();
  const guards = contender.guard ? [contender.guard] : [];
  const answer = (response, text = "") => response.setHeader("content-type", "text/plain").end(text);
  app.get("/", ...guards, (request, response) => answer(response, contender.userKey(request, response)));
  app.get(`${LOGIN}:userKey`, async (request, response) => {
    await contender.login(request.params.userKey, request, response);
    answer(response);
  });
  for (const [path, act] of Object.entries(createActions(contender))) {
    app.get(path, ...guards, async (request, response) => answer(response, await act(request, response)));
  }
  return app;
}
