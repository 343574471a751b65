import { fastify } from "fastify";
import { Manager } from "sessionup";
import { fastifySessions } from "sessionup/fastify";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = fastifySessions(new Manager(memoryStore(), { idleTimeout: "30m" }));
const app = fastify();
app.register(sessionRoutes(sessions, { path: "/account" }));

app.get("/", { onRequest: sessions.public() }, async (_request, reply) => {
  return `Hello, ${sessions.current(reply)?.userKey ?? "stranger"}\n`;
});
// A real app checks a password first.
app.post<{ Querystring: { name?: string } }>("/login", async (request, reply) => {
  await sessions.init(reply, request.query.name || "ann");
  return "welcome\n";
});
app.post("/logout", async (_request, reply) => {
  await sessions.revoke(reply);
  return "goodbye\n";
});

// The hook guards only the routes of this plugin.
app.register(async (members) => {
  members.addHook("onRequest", sessions.auth());
  members.get("/devices", async (_request, reply) => sessions.fetchAll(reply));
});

const address = await app.listen({ port: Number(process.env.PORT ?? 8080), host: "127.0.0.1" });
console.log(address.replace("127.0.0.1", "localhost"));
