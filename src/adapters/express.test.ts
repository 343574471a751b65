import { createServer } from "node:http";
import express5, { Router } from "express";
import express4 from "express4";
import { sessionRoutes } from "sessionup/routes";
import { describe, expect, it } from "vitest";
import { listen } from "../../test/support/listen.ts";
import { Manager } from "../manager.ts";
import type { Store } from "../store.ts";
import { memoryStore } from "../stores/memory.ts";
import { ContractClient } from "../testing/adapter/client.ts";
import { expressSessions } from "./express.ts";

const VERSIONS = { "Express 5": express5, "Express 4": express4 as unknown as typeof express5 };

/** Runs the app for as long as `use` takes. */
async function running(app: express5.Express, use: (client: ContractClient) => Promise<void>): Promise<void> {
  app.set("env", "test");
  const { origin, close } = await listen(createServer(app));
  try {
    await use(new ContractClient(origin));
  } finally {
    await close();
  }
}

for (const [version, express] of Object.entries(VERSIONS)) {
  describe(`expressSessions on ${version}`, () => {
    const login = (sessions: ReturnType<typeof expressSessions>): express5.RequestHandler => {
      return (req, res, next) => {
        sessions.init(req, "ann").then(({ ip }) => res.json({ ip }), next);
      };
    };

    it("uses req.ip if the app has set trust proxy, also in a sub-app", async () => {
      const sessions = expressSessions(new Manager(memoryStore()));
      const [app, sub] = [express(), express()];
      app.set("trust proxy", 1);
      app.post("/login", login(sessions));
      sub.post("/login", login(sessions));
      app.use("/sub", sub);
      await running(app, async (client) => {
        for (const path of ["/login", "/sub/login"]) {
          const answer = await client.post(path, { "x-forwarded-for": "198.51.100.1, 203.0.113.9" });
          expect(answer.json()).toEqual({ ip: "203.0.113.9" });
        }
      });
    });

    it("uses the manager's trustProxy if the app has not set trust proxy", async () => {
      const sessions = expressSessions(new Manager(memoryStore(), { trustProxy: ["127.0.0.0/8"] }));
      const app = express();
      app.post("/login", login(sessions));
      await running(app, async (client) => {
        const answer = await client.post("/login", { "x-forwarded-for": "198.51.100.1, 203.0.113.9" });
        expect(answer.json()).toEqual({ ip: "203.0.113.9" });
      });
    });

    it("rejects with the error of a next that throws, and calls next once", async () => {
      const store = memoryStore();
      const later: Store = { ...store, fetchById: async (id) => store.fetchById(id) };
      for (const each of [store, later]) {
        const sessions = expressSessions(new Manager(each));
        const auth = sessions.auth();
        const app = express();
        app.post("/login", login(sessions));
        app.get("/", async (req, res) => {
          const calls: unknown[] = [];
          const next = (error?: unknown) => {
            calls.push(error);
            throw new Error("next failed");
          };
          const outcome = await auth(req, res, next).catch(String);
          res.json({ outcome, calls: calls.length });
        });
        await running(app, async (client) => {
          await client.post("/login");
          expect((await client.get("/")).json()).toEqual({ outcome: "Error: next failed", calls: 1 });
        });
      }
    });

    it("works in routers, sub-apps, param handlers and error handlers", async () => {
      const sessions = expressSessions(new Manager(memoryStore()));
      const [app, sub, router] = [express(), express(), express.Router()];
      app.post("/login", login(sessions));
      sub.get("/who", sessions.auth(), (req, res) => void res.send(sessions.require(req).userKey));
      app.use("/sub", sub);
      router.param("id", (req, _res, next) => {
        sessions.get(req).then((session) => next(session ? undefined : new Error("no session")), next);
      });
      router.get("/:id", (req, res) => void res.send(sessions.require(req).userKey));
      app.use("/router", router);
      app.get("/throws", sessions.public(), () => {
        throw new Error("on purpose");
      });
      const onError: express5.ErrorRequestHandler = (_error, req, res, _next) => {
        res.status(418).send(sessions.current(req)?.userKey);
      };
      app.use(onError);
      await running(app, async (client) => {
        await client.post("/login");
        for (const path of ["/sub/who", "/router/1", "/throws"])
          expect((await client.get(path)).text).toBe("ann");
      });
    });

    it("responds with the app's reject, which uses Express's methods", async () => {
      const sessions = expressSessions(new Manager(memoryStore()), {
        reject: (error, _req: express5.Request, res: express5.Response) => {
          res.redirect(303, `/login?reason=${error.reason}`);
        },
      });
      const app = express();
      app.get("/private", sessions.auth(), (_req, res) => void res.send("secret"));
      await running(app, async (client) => {
        const answer = await client.get("/private");
        expect([answer.status, answer.headers.get("location")]).toEqual([303, "/login?reason=no_cookie"]);
        expect(answer.text).not.toContain("secret");
      });
    });

    it("passes an error that reject throws to the app's error handler", async () => {
      const sessions = expressSessions(new Manager(memoryStore()), {
        reject: async () => {
          throw new Error("the template is missing");
        },
      });
      const app = express();
      app.get("/private", sessions.auth(), (_req, res) => void res.send("secret"));
      await running(app, async (client) => {
        const answer = await client.get("/private");
        expect(answer.status).toBe(500);
        expect(answer.text).not.toContain("secret");
      });
    });

    it.each([[undefined], [null], [""], [0], ["route"], ["router"]])(
      "runs no handler when reject fails with %j",
      async (thrown) => {
        const sessions = expressSessions(new Manager(memoryStore()), {
          reject: () => Promise.reject(thrown),
        });
        const app = express();
        app.get("/", sessions.auth(), (_req, res) => res.send("secret"));
        app.get("/", (_req, res) => res.send("the next route"));
        await running(app, async (client) => {
          const answer = await client.get("/");
          expect([answer.status, answer.text.includes("secret"), answer.text.includes("next route")]).toEqual(
            [500, false, false],
          );
        });
      },
    );

    it("keeps the cookie on the 413 of a body limit", async () => {
      const sessions = expressSessions(new Manager(memoryStore()));
      const app = express();
      app.use((req, _res, next) => {
        sessions.init(req, "ann").then(() => next(), next);
      });
      app.use(express.json({ limit: 10 }));
      const server = createServer(app.set("env", "test"));
      const { origin, close } = await listen(server);
      const body = JSON.stringify({ text: "more than ten bytes" });
      const headers = { "content-type": "application/json" };
      const response = await fetch(origin, { method: "POST", headers, body });
      expect([response.status, response.headers.getSetCookie().length]).toEqual([413, 1]);
      await close();
    });

    it("finds the ready-made routes by the whole path in a sub-app", async () => {
      const sessions = expressSessions(new Manager(memoryStore()));
      const [app, sub] = [express(), express()];
      app.post("/login", login(sessions));
      sub.use(sessionRoutes(sessions, { path: "/api/account" }));
      app.use("/api", sub);
      await running(app, async (client) => {
        await client.post("/login");
        expect((await client.get("/api/account/session")).json()).toMatchObject({ userKey: "ann" });
        expect((await client.get("/account/session")).status).toBe(404);
      });
    });

    it("an error of require has the status that Express responds with", async () => {
      const sessions = expressSessions(new Manager(memoryStore()));
      const app = express();
      app.get("/", sessions.public(), (req, res) => void res.send(sessions.require(req).userKey));
      await running(app, async (client) => {
        expect((await client.get("/")).status).toBe(401);
      });
    });
  });
}

describe("expressSessions", () => {
  it("a router without an app gets an error that names sessionup/node", async () => {
    const sessions = expressSessions(new Manager(memoryStore()));
    const router = Router();
    router.get("/", sessions.auth(), (_req, res) => void res.end("secret"));
    const server = createServer((req, res) => {
      router(
        req as express5.Request,
        res as express5.Response,
        (error: unknown) => void res.end(String(error)),
      );
    });
    const { origin, close } = await listen(server);
    const { text } = await new ContractClient(origin).get("/");
    await close();
    expect(text).toMatch(/^TypeError: sessionup\/express: .*Pass `req`.*sessionup\/node/);
  });
});
