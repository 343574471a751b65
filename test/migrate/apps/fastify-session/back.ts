import { fastify } from "fastify";
import { checkPassword } from "../users.ts";
import { moveBack } from "./move-back.ts";
import { registerOldSession } from "./old-session.ts";

export const app = fastify({ trustProxy: true });
await registerOldSession(app);
app.addHook("onRequest", moveBack); // Delete this line when the last session of sessionup has expired.

app.post("/login", async (request, reply) => {
  const user = await checkPassword(request.body);
  if (!user) return reply.code(401).send();
  await request.session.regenerate();
  request.session.userId = user.id;
  return reply.code(204).send();
});

app.get("/me", async (request, reply) => {
  const { userId } = request.session;
  return userId ? { userId } : reply.code(401).send();
});

app.post("/logout", async (request, reply) => {
  await request.session.destroy();
  return reply.code(204).send();
});
