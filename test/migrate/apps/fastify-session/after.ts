import { fastify } from "fastify";
import { checkPassword, findUser } from "../users.ts";
import { moveSession } from "./move-session.ts";
import { registerOldSession } from "./old-session.ts";
import { sessions } from "./sessions.ts";

export const app = fastify({ trustProxy: true });

// Delete these two statements when the last old session has expired.
await registerOldSession(app);
app.addHook("onRequest", moveSession);

app.post("/login", async (request, reply) => {
  const user = await checkPassword(request.body);
  if (!user) return reply.code(401).send();
  // Moved sessions have level 1.
  await sessions.init(reply, user.id, { level: 2 });
  return reply.code(204).send();
});

app.get("/me", { preHandler: sessions.auth() }, async (_request, reply) => {
  return { userId: sessions.require(reply).userKey };
});

app.post("/email", { preHandler: sessions.auth({ level: 2, maxAuthAge: "10m" }) }, (_request, reply) => {
  reply.code(204).send();
});

app.post("/logout", async (_request, reply) => {
  await sessions.revoke(reply);
  return reply.code(204).send();
});

app.post("/logout-everywhere", { preHandler: sessions.auth() }, async (_request, reply) => {
  const user = await findUser(sessions.require(reply).userKey);
  if (user) user.acceptsOldSessions = false; // Before revokeAll, so that no device moves afterwards.
  await sessions.revokeAll(reply);
  return reply.code(204).send();
});
