// Uses the app in app.mjs like a browser and prints the status of each response.
import { once } from "node:events";

const { server } = await import(new URL("app.mjs", import.meta.url).href);

if (!server.listening) await once(server, "listening");
const answers = [];
let cookie = "";
for (const request of ["GET /me", "POST /login", "GET /me", "GET /devices", "POST /logout", "GET /me"]) {
  const [method, path] = request.split(" ");
  const url = `http://127.0.0.1:${server.address().port}${path}`;
  const response = await fetch(url, { method, headers: { cookie } });
  answers.push([request, response.status]);
  await response.arrayBuffer();
  if (path === "/login") cookie = response.headers.getSetCookie()[0].split(";")[0];
}
console.log(JSON.stringify(answers));
server.close();
server.closeAllConnections();
