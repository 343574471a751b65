import { defineHandler, getQuery, H3, serve } from "h3";
import { Manager } from "sessionup";
import { h3Sessions } from "sessionup/h3";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = h3Sessions(new Manager(memoryStore(), { idleTimeout: "30m" }));

const app = new H3()
  .use(sessionRoutes(sessions, { path: "/account" }))
  .use(sessions.public())
  .get("/", (event) => `Hello, ${sessions.current(event)?.userKey ?? "stranger"}\n`)
  // A real app checks a password first.
  .post("/login", async (event) => {
    await sessions.init(event, String(getQuery(event).name || "ann"));
    return "welcome\n";
  })
  .get(
    "/devices",
    defineHandler({ middleware: [sessions.auth()], handler: (event) => sessions.fetchAll(event) }),
  )
  .post("/logout", async (event) => {
    await sessions.revoke(event);
    return "goodbye\n";
  });

const port = Number(process.env.PORT ?? 8080);
const server = serve(app, { port, hostname: "127.0.0.1", silent: true });
await server.ready();
console.log(`http://localhost:${new URL(server.url ?? "").port}`);
