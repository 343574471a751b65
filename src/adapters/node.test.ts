import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createSecureServer } from "node:http2";
import { createServer as createHttpsServer, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import express from "express";
import { generate } from "selfsigned";
import { sessionRoutes } from "sessionup/routes";
import { beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../test/support/listen.ts";
import { Manager } from "../manager.ts";
import { memoryStore } from "../stores/memory.ts";
import { ContractClient } from "../testing/adapter/client.ts";
import { type NodeContext, nodeSessions } from "./node.ts";

const sessions = nodeSessions(new Manager(memoryStore()));
const auth = sessions.auth();

/** `/login` logs in, every other path requires a session. */
function listener(request: { url?: string | undefined }, response: unknown): void {
  const res = response as ServerResponse;
  if (request.url === "/login") void sessions.init(res, "ann").then(() => res.end("in"));
  else void auth(res.req, res, () => void res.end(sessions.require(res).userKey));
}

describe("nodeSessions", () => {
  let certificate: { key: string; cert: string };
  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }]);
    certificate = { key, cert };
  });

  it("works over https", async () => {
    const { origin, close } = await listen(createHttpsServer(certificate, listener), "https");
    const get = (path: string, cookie = "") =>
      new Promise<IncomingMessage>((resolve, reject) => {
        httpsRequest(origin + path, { rejectUnauthorized: false, headers: { cookie } }, resolve)
          .on("error", reject)
          .end();
      });
    const { headers } = await get("/login");
    const [cookie] = headers["set-cookie"]?.[0]?.split(";") ?? [];
    expect(await text(await get("/", cookie))).toBe("ann");
    expect((await get("/")).statusCode).toBe(401);
    await close();
  });

  it("a server that awaits the middleware catches the errors of asynchronous handlers", async () => {
    const wares = { public: sessions.public(), routes: sessionRoutes(sessions, { path: "/account" }) };
    const server = createServer(async (req, res) => {
      const ware = req.url === "/routes" ? wares.routes : wares.public;
      try {
        await ware(req, res, () => Promise.reject(new Error("the handler failed")));
      } catch (error) {
        res.writeHead(500).end(String(error));
      }
    });
    const { origin, close } = await listen(server);
    for (const path of ["/", "/routes"])
      expect(await (await fetch(origin + path)).text()).toBe("Error: the handler failed");
    await close();
  });

  it("works over http2, where the Cookie header may be split", async () => {
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, listener);
    const { origin, close } = await listen(server, "https");
    const client = connect(origin, { rejectUnauthorized: false });
    const get = async (path: string, cookie: string[] = []) => {
      const stream = client.request({ ":path": path, cookie });
      const headers = new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
      return { headers: await headers, body: await text(stream) };
    };
    const login = await get("/login");
    const [cookie = ""] = String(login.headers["set-cookie"]).split(";");
    expect(cookie).toMatch(/^__Host-sessionup=/);
    expect((await get("/", ["a=1", cookie, "b=2"])).body).toBe("ann");
    const refused = await get("/");
    expect([refused.headers[":status"], JSON.parse(refused.body)]).toEqual([
      401,
      { error: "unauthorized", reason: "no_cookie" },
    ]);
    client.close();
    await close();
  });

  it("responds with the app's reject", async () => {
    const rejecting = nodeSessions(new Manager(memoryStore()), {
      reject: (error, _request, response) => {
        response.statusCode = 403;
        response.end(error.code);
      },
    });
    const server = createServer((req, res) => void rejecting.auth()(req, res, () => void res.end("secret")));
    const { origin, close } = await listen(server);
    const answer = await new ContractClient(origin).get("/");
    await close();
    expect([answer.status, answer.text]).toEqual([403, "ERR_UNAUTHORIZED"]);
  });

  it("calls next with an error when reject throws undefined", async () => {
    const sessions = nodeSessions(new Manager(memoryStore()), { reject: () => Promise.reject() });
    const auth = sessions.auth();
    const { origin, close } = await listen(
      createServer((req, res) => {
        void auth(req, res, (error) => res.writeHead(error ? 500 : 200).end());
      }),
    );
    expect((await fetch(origin)).status).toBe(500);
    await close();
  });

  it("a request as the context gets an error that asks for the response", async () => {
    const request = { headers: {}, socket: {} } as unknown as NodeContext;
    await expect(sessions.get(request)).rejects.toThrow(
      /^sessionup\/node: the context must be the response.*Pass `res`/,
    );
    await expect(sessions.init(undefined as unknown as NodeContext, "ann")).rejects.toThrow(TypeError);
  });

  it("finds the ready-made routes by the whole path in a mount", async () => {
    const app = express();
    const urls: string[] = [];
    app.use("/account", (req, _res, next) => {
      urls.push(req.url);
      next();
    });
    app.use("/account", sessionRoutes(sessions, { path: "/account" }));
    const { origin, close } = await listen(createServer(app));
    const answer = await new ContractClient(origin).get("/account/session?q=1");
    const elsewhere = await new ContractClient(origin).get("/account/account/session");
    await close();
    expect(urls).toEqual(["/session?q=1", "/account/session"]);
    expect([answer.status, answer.json()]).toEqual([401, { error: "unauthorized", reason: "no_cookie" }]);
    expect(elsewhere.status).toBe(404);
  });

  it("keeps cookies that the app set before, as a string and as a list", async () => {
    for (const before of ["theme=dark", ["theme=dark", "lang=en"]]) {
      const server = createServer((_req, res) => {
        res.setHeader("set-cookie", before);
        void sessions.init(res, "ann").then(() => res.end());
      });
      const { origin, close } = await listen(server);
      const { cookies } = await new ContractClient(origin).get("/");
      await close();
      expect(cookies).toHaveLength([before].flat().length + 1);
      expect(cookies.slice(0, -1)).toEqual([before].flat());
    }
  });

  it("a logged response shows neither hash nor secret", async () => {
    const { inspect } = await import("node:util");
    let shown = "";
    const server = createServer(async (_req, res) => {
      await sessions.init(res, "ann");
      shown = Object.getOwnPropertySymbols(res)
        .filter((symbol) => String(symbol).includes("sessionup"))
        .map((symbol) => inspect(Reflect.get(res, symbol), { depth: 20, showHidden: true }))
        .join();
      res.end();
    });
    const { origin, close } = await listen(server);
    const client = new ContractClient(origin);
    await client.get("/");
    await close();
    expect(shown).toContain("RequestState");
    expect(shown).not.toMatch(/[0-9A-Za-z_-]{30,}/);
  });
});
