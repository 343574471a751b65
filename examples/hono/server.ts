import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Manager } from "sessionup";
import { honoSessions } from "sessionup/hono";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = honoSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));

const app = new Hono()
  .use(sessionRoutes(sessions, { path: "/account" }))
  .use(sessions.public())
  .get("/", (c) => c.text(`Hello, ${c.var.session?.userKey ?? "stranger"}\n`))
  // A real app checks a password first.
  .post("/login", async (c) => {
    await sessions.init(c, c.req.query("name") || "ann");
    return c.text("welcome\n");
  })
  .get("/devices", sessions.auth(), async (c) => c.json(await sessions.fetchAll(c)))
  .post("/logout", async (c) => {
    await sessions.revoke(c);
    return c.text("goodbye\n");
  });

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8080), hostname: "127.0.0.1" }, ({ port }) => {
  console.log(`http://localhost:${port}`);
});
