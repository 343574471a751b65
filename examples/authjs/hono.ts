import { Auth, setEnvDefaults } from "@auth/core";
import { Hono } from "hono";
import { honoSessions } from "sessionup/hono";
import { createAuthConfig } from "./auth.ts";
import { manager } from "./sessions.ts";

const sessions = honoSessions(manager);
export const app = new Hono();

app.on("POST", ["/logout", "/auth/signout"], async (c) => {
  await sessions.revoke(c);
  return c.redirect("/", 303);
});

// `public` adds the session cookie to the response that Auth.js creates.
app.all("/auth/*", sessions.public(), (c) => {
  const config = createAuthConfig((userKey) => sessions.init(c, userKey));
  setEnvDefaults(process.env, config);
  return Auth(c.req.raw, config);
});

app.get("/", (c) => c.text("Hello"));
app.get("/me", sessions.auth(), (c) => c.json({ userKey: sessions.require(c).userKey }));
