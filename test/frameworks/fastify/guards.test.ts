import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { Manager } from "sessionup";
import { type FastifyContext, fastifySessions } from "sessionup/fastify";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listening } from "./app.ts";

/** Runs the app until `use` settles. */
async function running(
  app: FastifyInstance,
  use: (client: ContractClient, origin: string) => Promise<void>,
): Promise<void> {
  const { origin, close } = await listening(app);
  try {
    await use(new ContractClient(origin), origin);
  } finally {
    await close();
  }
}

const sessions = fastifySessions(new Manager(memoryStore()));

/** Creates an app with a login route and the routes that `build` adds. */
function createApp(
  build: (app: FastifyInstance) => void,
  options: object = {},
  own = sessions,
): FastifyInstance {
  const app = fastify(options) as FastifyInstance;
  app.post("/login", async (_request, reply) => ({ ip: (await own.init(reply, "ann")).ip }));
  build(app);
  return app;
}

describe("fastifySessions as hooks", () => {
  it("a hook inside a plugin guards the routes of that plugin and its children, but no others", async () => {
    const app = createApp((app) => {
      app.register(async (members) => {
        members.addHook("onRequest", sessions.auth());
        members.get("/members", async (_request, reply) => sessions.require(reply).userKey);
        members.register(async (inner) => {
          inner.get("/members/inner", async (_request, reply) => sessions.require(reply).userKey);
        });
      });
      app.get("/open", async () => "open");
    });
    await running(app, async (client) => {
      expect((await client.get("/open")).text).toBe("open");
      for (const path of ["/members", "/members/inner"]) expect((await client.get(path)).status).toBe(401);
      await client.post("/login");
      for (const path of ["/members", "/members/inner"]) expect((await client.get(path)).text).toBe("ann");
    });
  });

  it("a hook loads the session for all later routes, the error handler and the not-found handler", async () => {
    const app = createApp((app) => {
      app.addHook("onRequest", sessions.public());
      app.setErrorHandler((_error, _request, reply) =>
        reply.code(418).send(sessions.current(reply)?.userKey),
      );
      app.setNotFoundHandler((_request, reply) => reply.code(404).send(sessions.current(reply)?.userKey));
      app.get("/throws", async () => {
        throw new Error("on purpose");
      });
    });
    await running(app, async (client) => {
      await client.post("/login");
      for (const path of ["/throws", "/nowhere"]) expect((await client.get(path)).text).toBe("ann");
    });
  });

  it.each(["onRequest", "preParsing", "preValidation", "preHandler"] as const)(
    "auth works as a %s hook",
    async (name) => {
      const app = createApp((app) => {
        // Fastify also passes the body to `preParsing` hooks.
        const auth = sessions.auth();
        const hook = {
          onRequest: { onRequest: auth },
          preParsing: {
            preParsing: (request: FastifyRequest, reply: FastifyReply, _body: unknown, done: () => void) =>
              auth(request, reply, done),
          },
          preValidation: { preValidation: auth },
          preHandler: { preHandler: [sessions.public(), auth] },
        }[name];
        app.get("/private", hook, async (_request, reply) => sessions.require(reply).userKey);
      });
      await running(app, async (client) => {
        expect((await client.get("/private")).json()).toEqual({ error: "unauthorized", reason: "no_cookie" });
        await client.post("/login");
        expect((await client.get("/private")).text).toBe("ann");
      });
    },
  );

  it("the handler does not run while a rejection waits for an onSend hook", async () => {
    let ran = 0;
    const app = createApp((app) => {
      app.addHook("onSend", async () => void (await sleep(30)));
      app.get("/private", { preHandler: sessions.auth() }, async () => {
        ran++;
        return "secret";
      });
    });
    await running(app, async (client, origin) => {
      const answer = await client.get("/private");
      expect([answer.status, answer.json()]).toEqual([401, { error: "unauthorized", reason: "no_cookie" }]);
      // The handler must not run either when the client disconnects during the wait.
      const socket = connect(Number(new URL(origin).port), "127.0.0.1");
      socket.write("GET /private HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await sleep(15);
      socket.destroy();
      await once(socket, "close");
      await sleep(60);
      expect(ran).toBe(0);
    });
  });

  it("an error that require throws sets the status of Fastify's reply", async () => {
    const app = createApp((app) => {
      app.get("/", { preHandler: sessions.public() }, async (_request, reply) => sessions.require(reply));
    });
    await running(app, async (client) => expect((await client.get("/")).status).toBe(401));
  });
});

describe("fastifySessions with reject", () => {
  type Reject = (
    error: { status: number; reason?: string },
    request: FastifyRequest,
    reply: FastifyReply,
  ) => unknown;

  async function checkReject(
    reject: Reject,
    check: (client: ContractClient) => Promise<void>,
  ): Promise<void> {
    const rejecting = fastifySessions(new Manager(memoryStore()), { reject });
    const app = createApp((app) => {
      app.setErrorHandler((error: Error, _request, reply) =>
        reply.code(500).send({ message: error.message }),
      );
      app.get("/private", { preHandler: rejecting.auth() }, async () => "secret");
    });
    await running(app, check);
  }

  it("reject redirects", async () => {
    await checkReject(
      (error, request, reply) => reply.redirect(`/login?reason=${error.reason}&next=${request.url}`, 303),
      async (client) => {
        const { status, headers, text } = await client.get("/private");
        expect([status, headers.get("location")]).toEqual([303, "/login?reason=no_cookie&next=/private"]);
        expect(text).not.toContain("secret");
      },
    );
  });

  it("reject returns the reply's body, as a handler does", async () => {
    await checkReject(
      async (error, _request, reply) => {
        reply.code(error.status);
        return { login: "/login" };
      },
      async (client) => {
        const answer = await client.get("/private");
        expect([answer.status, answer.json()]).toEqual([401, { login: "/login" }]);
      },
    );
  });

  it.each<[what: string, reject: Reject, message: string]>([
    ["an error", () => Promise.reject(new Error("the template is missing")), "the template is missing"],
    ["no error", () => Promise.reject(), "A value that is not an Error was thrown: undefined."],
    ["an error of another kind", () => Promise.reject({ message: "of its own kind" }), "of its own kind"],
    [
      "an error, synchronously",
      () => {
        throw new TypeError("no such view");
      },
      "no such view",
    ],
  ])("the app's error handler receives what reject throws: %s", async (_what, reject, message) => {
    await checkReject(reject, async (client) => {
      const answer = await client.get("/private");
      expect([answer.status, answer.json()]).toEqual([500, { message }]);
    });
  });
});

describe("the client address in fastifySessions", () => {
  const forwarded = { "x-forwarded-for": "198.51.100.1, 203.0.113.9" };

  it("the address is request.ip when the app sets trustProxy, also inside a plugin", async () => {
    const app = createApp(
      (app) => {
        app.register(async (sub) => {
          sub.post("/sub/login", async (_request, reply) => ({ ip: (await sessions.init(reply, "ann")).ip }));
        });
      },
      { trustProxy: "127.0.0.1" },
    );
    await running(app, async (client) => {
      for (const path of ["/login", "/sub/login"])
        expect((await client.post(path, forwarded)).json()).toEqual({ ip: "203.0.113.9" });
    });
  });

  it("the manager's trustProxy finds the address when the app sets none", async () => {
    const own = fastifySessions(new Manager(memoryStore(), { trustProxy: ["127.0.0.0/8"] }));
    await running(
      createApp(() => {}, {}, own),
      async (client) => {
        expect((await client.post("/login", forwarded)).json()).toEqual({ ip: "203.0.113.9" });
      },
    );
  });

  it("the address is the connection's when no proxy is trusted", async () => {
    await running(
      createApp(() => {}),
      async (client) => {
        expect((await client.post("/login", forwarded)).json()).toEqual({ ip: "127.0.0.1" });
      },
    );
  });
});

describe("the context of fastifySessions", () => {
  it("a request as the context throws an error that asks for the reply", async () => {
    const said: string[] = [];
    const app = createApp((app) => {
      app.get("/", async (request) => {
        for (const wrong of [request, request.raw]) {
          await sessions.get(wrong as unknown as FastifyContext).catch((error) => said.push(String(error)));
        }
        return "";
      });
    });
    await running(app, async (client) => void (await client.get("/")));
    for (const text of said) expect(text).toMatch(/^TypeError: sessionup\/fastify: .*Pass `reply`/);
    expect(said).toHaveLength(2);
    await expect(sessions.init(undefined as unknown as FastifyContext, "ann")).rejects.toThrow(TypeError);
  });

  it("two managers keep their sessions apart", async () => {
    const admins = fastifySessions(new Manager(memoryStore(), { cookie: { name: "admin" } }));
    const app = createApp((app) => {
      app.post("/admin", async (_request, reply) => {
        await admins.init(reply, "root");
        return "";
      });
      const both = { preHandler: [sessions.auth(), admins.auth()] };
      app.get("/both", both, async (_request, reply) => [
        sessions.require(reply).userKey,
        admins.require(reply).userKey,
      ]);
    });
    await running(app, async (client) => {
      await client.post("/login");
      expect((await client.get("/both")).status).toBe(401);
      await client.post("/admin");
      expect((await client.get("/both")).json()).toEqual(["ann", "root"]);
    });
  });
});

describe("fastifySessions", () => {
  it("fastifySessions rejects unknown options", () => {
    const wrong = { refuse: () => {} } as object;
    expect(() => fastifySessions(new Manager(memoryStore()), wrong)).toThrow(
      /"refuse" is not an option of fastifySessions/,
    );
  });
});
