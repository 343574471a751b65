import { createServer } from "node:http";
import express from "express";
import { answerParent } from "../rounds.mjs";

/** A worker: serves one contender on one framework, and tells its CPU time in microseconds. */

const [framework, name] = process.argv.slice(2);
/** @type {import("../contenders/contender.d.ts").Contender} */
const contender = (await import(`../contenders/${name}.mjs`))[framework ?? ""]();
const LOGIN = "/login/";

const server = createServer(framework === "express" ? onExpress() : onNode());
// A server must not hang up between two bursts.
server.keepAliveTimeout = 0;
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));

function onNode() {
  const { authenticate } = contender;
  return (request, response) => {
    if (request.url.startsWith(LOGIN)) return login(request, response, request.url.slice(LOGIN.length));
    if (authenticate) authenticate(request, response, () => answer(request, response));
    else answer(request, response);
  };
}

function onExpress() {
  const app = express();
  app.get(`${LOGIN}:userKey`, (request, response) => login(request, response, request.params.userKey));
  const { authenticate } = contender;
  if (authenticate) app.get("/", authenticate, answer);
  else app.get("/", answer);
  return app;
}

function answer(request, response) {
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(contender.userKey(request, response));
}

async function login(request, response, userKey) {
  await contender.login(request, response, userKey);
  response.end();
}

answerParent({
  port: () => server.address()?.port,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
