// Logs in and out over HTTP and prints the response to each request.
import { createServer } from "node:http";
import { Manager } from "sessionup";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";

const sessions = nodeSessions(new Manager(memoryStore()));
const auth = sessions.auth();
const server = createServer(async (request, response) => {
  if (request.url === "/login") await sessions.init(response, "user-1");
  if (request.url === "/logout") await sessions.revoke(response);
  if (request.url === "/me")
    await auth(request, response, () => response.end(sessions.require(response).userKey));
  else response.end();
});
server.listen(0, "127.0.0.1", async () => {
  const answers = [];
  let cookie = "";
  for (const path of ["/me", "/login", "/me", "/logout", "/me"]) {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { cookie } });
    answers.push([path, response.status, await response.text()]);
    if (path === "/login") cookie = response.headers.getSetCookie()[0].split(";")[0];
  }
  console.log(JSON.stringify(answers));
  server.close();
  server.closeAllConnections();
});
