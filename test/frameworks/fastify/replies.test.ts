import { connect } from "node:http2";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { generate } from "selfsigned";
import { Manager, SessionError } from "sessionup";
import { fastifySessions } from "sessionup/fastify";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listening } from "./app.ts";

const manager = new Manager(memoryStore());
const sessions = fastifySessions(manager);

type Handler = (reply: FastifyReply, request: FastifyRequest) => Promise<unknown>;

/** Sends a request to a handler. Returns the response, and the user whom the response logged in. */
async function sendTo(handler: Handler, build: (app: FastifyInstance) => void = () => {}) {
  const app = fastify();
  build(app);
  app.post("/", (request, reply) => handler(reply, request));
  app.get("/who", { preHandler: sessions.public() }, async (_request, reply) => ({
    user: sessions.current(reply)?.userKey,
  }));
  const { origin, close } = await listening(app);
  try {
    const client = new ContractClient(origin);
    const answer = await client.post("/");
    const { user } = (await client.get("/who")).json() as { user?: string };
    return { answer, user };
  } finally {
    await close();
  }
}

function toWebStream(texts: AsyncGenerator<string>): ReadableStream {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await texts.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
}

describe("the cookie of fastifySessions", () => {
  it("the cookie is on the response of the app's error handler, and of Fastify's own when that throws", async () => {
    const failing: Handler = async (reply) => {
      await sessions.init(reply, "ann");
      throw new Error("on purpose");
    };
    const handled = await sendTo(failing, (app) => {
      app.setErrorHandler((_error, _request, reply) => reply.code(418).send("teapot"));
    });
    expect([handled.answer.status, handled.answer.text, handled.user]).toEqual([418, "teapot", "ann"]);
    const failed = await sendTo(failing, (app) => {
      app.setErrorHandler(() => {
        throw new Error("again");
      });
    });
    expect([failed.answer.status, failed.user]).toEqual([500, "ann"]);
  });

  it("the cookie is on the error response when the reply cannot be serialized", async () => {
    const { answer, user } = await sendTo(async (reply) => {
      await sessions.init(reply, "ann");
      return { big: 1n };
    });
    expect([answer.status, user]).toEqual([500, "ann"]);
  });

  it("the cookie is on a returned Response, next to that Response's cookies", async () => {
    const { answer, user } = await sendTo(async (reply) => {
      await sessions.init(reply, "ann");
      return new Response("fetched", { headers: { "set-cookie": "theme=dark" } });
    });
    expect([answer.text, answer.cookies.length, user]).toEqual(["fetched", 2, "ann"]);
  });

  it.each<[what: string, before: (reply: FastifyReply) => unknown, count: number]>([
    ["one header value", (reply) => reply.header("set-cookie", "a=1"), 1],
    ["a list of header values", (reply) => reply.header("set-cookie", ["a=1", "b=2"]), 2],
    ["one value on the raw response", (reply) => reply.raw.setHeader("set-cookie", "a=1"), 1],
    ["a list on the raw response", (reply) => reply.raw.setHeader("set-cookie", ["a=1", "b=2"]), 2],
  ])("the app's earlier cookies stay: %s", async (_what, before, count) => {
    const { answer, user } = await sendTo(async (reply) => {
      before(reply);
      await sessions.init(reply, "ann");
      await sessions.rotate(reply);
      return "";
    });
    expect(answer.cookies).toHaveLength(count + 1);
    expect(answer.cookies.slice(0, count)).toEqual(["a=1", "b=2"].slice(0, count));
    expect(user).toBe("ann");
  });

  it("the app's later cookies stay: one set after the session cookie, and one in an onSend hook", async () => {
    const { answer, user } = await sendTo(
      async (reply) => {
        await sessions.init(reply, "ann");
        reply.header("set-cookie", "a=1");
        return "";
      },
      (app) => {
        app.addHook("onSend", async (_request, reply) => void reply.header("set-cookie", "b=2"));
      },
    );
    expect([answer.cookies.length, user]).toEqual([3, "ann"]);
  });

  it("the cookie is still set while an onSend hook of the reply runs", async () => {
    const { answer, user } = await sendTo(
      async (reply) => {
        reply.send("sent");
        await sessions.init(reply, "ann");
        return reply;
      },
      (app) => {
        app.addHook("onSend", async () => void (await sleep(30)));
      },
    );
    expect([answer.text, user]).toEqual(["sent", "ann"]);
  });

  it("the cookie is still set before a stream that was sent has produced data", async () => {
    async function* slow(): AsyncGenerator<string> {
      await sleep(50);
      yield "late";
    }
    // A web stream asks for its first chunk when it is created.
    for (const createStream of [Readable.from, toWebStream]) {
      const { answer, user } = await sendTo(async (reply) => {
        reply.send(createStream(slow()));
        await sessions.init(reply, "ann");
        return reply;
      });
      expect([answer.text, answer.headers.get("cache-control"), user]).toEqual(["late", "no-store", "ann"]);
    }
  });

  it("the cookie is on a reply that the app hijacks afterwards", async () => {
    const { answer, user } = await sendTo(async (reply) => {
      await sessions.init(reply, "ann");
      reply.hijack();
      reply.raw.writeHead(200, { "x-mine": "yes" }).end("hijacked");
    });
    expect([answer.text, answer.headers.get("x-mine"), user]).toEqual(["hijacked", "yes", "ann"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("init on a hijacked or sent reply throws and writes nothing to the store", async () => {
    const codes: unknown[] = [];
    const late = async (reply: FastifyReply) => {
      await sessions.init(reply, "bob").catch((error) => codes.push(SessionError.is(error) && error.code));
    };
    await sendTo(async (reply) => {
      reply.hijack();
      await late(reply);
      reply.raw.end();
    });
    await sendTo(async (reply) => {
      reply.send("sent");
      await late(reply);
      return reply;
    });
    expect(codes).toEqual(["ERR_HEADERS_SENT", "ERR_HEADERS_SENT"]);
    expect(await manager.fetchByUserKey("bob")).toEqual([]);
  });

  it("the rejection of a body that is too large sets no cookie, because the handler does not run", async () => {
    const app = fastify({ bodyLimit: 10 });
    app.post("/", async (_request, reply) => void (await sessions.init(reply, "eve")));
    const { origin, close } = await listening(app);
    const response = await fetch(origin, {
      method: "POST",
      body: JSON.stringify({ name: "x".repeat(100) }),
      headers: { "content-type": "application/json" },
    });
    await close();
    expect([response.status, response.headers.getSetCookie()]).toEqual([413, []]);
    expect(await manager.fetchByUserKey("eve")).toEqual([]);
  });

  it("the cookie stays cleared when a hook finds an expired session and the body is then rejected", async () => {
    const clock = new TestClock();
    const own = fastifySessions(new Manager(memoryStore(), { clock: clock.now }));
    const app = fastify({ bodyLimit: 10 });
    app.addHook("onRequest", own.public());
    app.post("/login", async (_request, reply) => void (await own.init(reply, "dan")));
    app.post("/form", async () => "");
    const { origin, close } = await listening(app);
    const client = new ContractClient(origin);
    await client.post("/login");
    clock.advance("30d");
    const response = await fetch(`${origin}/form`, {
      method: "POST",
      body: "x".repeat(100),
      headers: { "content-type": "text/plain", cookie: client.cookieHeader() },
    });
    await close();
    expect(response.status).toBe(413);
    expect(response.headers.getSetCookie().join()).toMatch(/^__Host-sessionup=;.*Max-Age=0/);
  });

  it("the cookie is in the result of app.inject", async () => {
    const app = fastify();
    app.post("/login", async (_request, reply) => void (await sessions.init(reply, "ann")));
    app.get(
      "/who",
      { preHandler: sessions.auth() },
      async (_request, reply) => sessions.require(reply).userKey,
    );
    const { cookies } = await app.inject({ method: "POST", url: "/login" });
    const [{ name = "", value = "" } = {}] = cookies as Array<{ name?: string; value?: string }>;
    expect((await app.inject({ url: "/who", cookies: { [name]: value } })).body).toBe("ann");
    await app.close();
  });

  it("the cookie works over HTTP/2, where the Cookie header may be split", async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }]);
    const app = fastify({ http2: true, https: { key, cert } });
    app.register(sessionRoutes(sessions, { path: "/account" }));
    app.post("/login", async (_request, reply) => {
      await sessions.init(reply, "ann");
      return "in";
    });
    app.get(
      "/who",
      { preHandler: sessions.auth() },
      async (_request, reply) => sessions.require(reply).userKey,
    );
    const origin = await app.listen({ port: 0, host: "127.0.0.1" });
    const client = connect(origin, { rejectUnauthorized: false });
    const call = async (method: string, path: string, headers: Record<string, string | string[]> = {}) => {
      const stream = client.request({ ":method": method, ":path": path, ...headers });
      stream.end();
      const head = new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
      return { head: await head, body: await text(stream) };
    };
    try {
      const login = await call("POST", "/login");
      const [cookie = ""] = String(login.head["set-cookie"]).split(";");
      expect(cookie).toMatch(/^__Host-sessionup=/);
      const cookies = ["a=1", cookie, "b=2"];
      expect((await call("GET", "/who", { cookie: cookies })).body).toBe("ann");
      expect((await call("GET", "/who")).head[":status"]).toBe(401);
      const elsewhere = await call("POST", "/account/logout", {
        cookie: cookies,
        origin: "https://evil.example",
      });
      expect(elsewhere.head[":status"]).toBe(403);
      const logout = await call("POST", "/account/logout", { cookie: cookies, origin });
      expect([logout.head[":status"], String(logout.head["set-cookie"])]).toEqual([
        204,
        expect.stringContaining("Max-Age=0"),
      ]);
    } finally {
      client.close();
      await app.close();
    }
  });
});
