import { fastify } from "fastify";
import { checkPassword } from "../users.ts";
import { registerOldSession } from "./old-session.ts";

export const app = fastify({ trustProxy: true });
await registerOldSession(app);

app.post("/login", async (request, reply) => {
  const user = await checkPassword(request.body);
  if (!user) return reply.code(401).send();
  request.session.set("userId", user.id);
  return reply.code(204).send();
});

app.get("/me", async (request, reply) => {
  const userId = request.session.get("userId");
  return userId ? { userId } : reply.code(401).send();
});
