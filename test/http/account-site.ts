import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import express from "express";
import { Manager, type ManagerOptions } from "sessionup";
import { initBearer } from "sessionup/bearer";
import { expressSessions } from "sessionup/express";
import { type RoutesOptions, sessionRoutes } from "sessionup/routes";
import { SwitchableStore } from "../../src/testing/adapter/fixture.ts";
import { listen } from "../support/listen.ts";

/** An app with the ready-made routes under `/account`, and a page that uses their client. */
export interface AccountSite {
  readonly origin: string;
  readonly store: SwitchableStore;
  readonly manager: Manager;
  close(): Promise<void>;
}

export async function startAccountSite(
  options: ManagerOptions = {},
  routesOptions: Omit<RoutesOptions, "path"> = {},
): Promise<AccountSite> {
  const store = new SwitchableStore();
  const manager = new Manager(store, options);
  const sessions = expressSessions(manager);
  const app = express();
  app.set("env", "test");
  app.use(sessionRoutes(sessions, { path: "/account", ...routesOptions }));
  app.post("/login", async (req, res) => {
    const { id } = await sessions.init(req, String(req.query.user ?? "ann"));
    res.json({ id });
  });
  app.post("/app/login", async (req, res) => {
    res.json({ token: (await initBearer(sessions, req, "app")).token });
  });
  app.post("/prove", async (req, res) => {
    await sessions.reauthenticate(req, { level: 2 });
    res.json({});
  });
  app.get("/stepped-up", sessions.auth({ level: 2, maxAuthAge: "10m" }), (_req, res) => res.json({}));
  app.get("/use", sessions.auth(), (_req, res) => res.json({}));
  app.get("/", (_req, res) => res.type("html").send(PAGE));
  const client = await clientCode();
  app.get("/client.js", (_req, res) => res.type("js").send(client));
  const { origin, close } = await listen(createServer(app));
  return {
    // Chromium keeps a Secure cookie for localhost, as for https.
    origin: origin.replace("127.0.0.1", "localhost"),
    store,
    manager,
    async close() {
      await close();
      await manager.close();
    },
  };
}

const PAGE = `<!doctype html><title>account</title><script type="module">
  import { sessionClient } from "/client.js";
  window.sessionClient = sessionClient;
  window.client = sessionClient({ path: "/account" });
  window.ticks = [];
  window.ends = [];
</script>`;

/** Returns the client's code as a browser loads it. */
async function clientCode(): Promise<string> {
  const entry = fileURLToPath(new URL("../../src/client.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
  return outputFiles[0]?.text ?? "";
}
