import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from "node:http2";
import { Manager } from "sessionup";
import { type NodeContext, nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";

const sessions = nodeSessions(new Manager(memoryStore()));
const CACHED = "public, max-age=3600";

type Head = { readonly cacheControl: unknown; readonly cookies: readonly string[] };
type Handler = (response: ServerResponse & NodeContext) => unknown;

/** The names of the cookies that a response sets, and its Cache-Control, over HTTP/1.1 and over HTTP/2. */
const PROTOCOLS: Readonly<Record<string, (handler: Handler) => Promise<Head>>> = {
  "HTTP/1.1": async (handler) => {
    const { origin, close } = await listen(createServer((_request, response) => void handler(response)));
    try {
      const { headers } = await fetch(origin);
      return headOf(headers.get("cache-control"), headers.getSetCookie());
    } finally {
      await close();
    }
  },
  "HTTP/2": async (handler) => {
    const listener = (_request: unknown, response: unknown) => void handler(response as ServerResponse);
    const { origin, close } = await listen(createHttp2Server(listener as RequestListener as never));
    const client = connect(origin);
    try {
      const [headers] = (await once(client.request({ ":path": "/" }), "response")) as [IncomingHttpHeaders];
      return headOf(headers["cache-control"], headers["set-cookie"] ?? []);
    } finally {
      client.destroy();
      await close();
    }
  },
};

function headOf(cacheControl: unknown, lines: readonly string[]): Head {
  return { cacheControl, cookies: lines.map((line) => line.split("=", 1)[0] ?? "").sort() };
}

const OURS = "__Host-sessionup";

describe.each(Object.entries(PROTOCOLS))("a response with our cookie over %s", (_protocol, headFor) => {
  it.each<[form: string, head: (response: ServerResponse) => unknown]>([
    ["setHeader", (response) => response.setHeader("Cache-Control", CACHED)],
    ["removeHeader", (response) => response.removeHeader("cache-control")],
    ["writeHead with an object", (response) => response.writeHead(200, { "Cache-Control": CACHED })],
    ["writeHead with a list", (response) => response.writeHead(200, ["Cache-Control", CACHED, "x-own", "1"])],
    ["writeHead with a message", (response) => response.writeHead(200, "Fine", { "cache-control": CACHED })],
    [
      "setHeader before flushHeaders",
      (response) => {
        response.setHeader("cache-control", CACHED);
        response.flushHeaders();
      },
    ],
  ])("is not cached where the app sets Cache-Control by %s", async (_form, head) => {
    const { cacheControl, cookies } = await headFor(async (response) => {
      await sessions.init(response, "ann");
      head(response);
      response.end("done");
    });
    expect([cacheControl, cookies]).toEqual(["no-store", [OURS]]);
  });

  it.each<[form: string, head: (response: ServerResponse) => unknown]>([
    ["setHeader", (response) => response.setHeader("set-cookie", "theme=dark")],
    ["writeHead with an object", (response) => response.writeHead(200, { "Set-Cookie": "theme=dark" })],
    ["writeHead with a list", (response) => response.writeHead(200, ["Set-Cookie", "theme=dark"])],
    ["several at once", (response) => response.writeHead(200, { "set-cookie": ["a=1", "theme=dark"] })],
  ])("keeps it where the app replaces Set-Cookie by %s", async (_form, head) => {
    const { cookies } = await headFor(async (response) => {
      await sessions.init(response, "ann");
      head(response);
      response.end("done");
    });
    expect(cookies.filter((name) => name !== "a")).toEqual([OURS, "theme"]);
  });

  it("leaves the other headers that writeHead was given", async () => {
    let sent: unknown;
    await headFor(async (response) => {
      await sessions.init(response, "ann");
      response.writeHead(200, { "cache-control": CACHED, "x-own": "1" });
      sent = response.getHeader("x-own");
      response.end("done");
    });
    expect(sent).toBe("1");
  });

  it("has both cookies where two managers set one", async () => {
    const admins = nodeSessions(new Manager(memoryStore(), { cookie: { name: "admin" } }));
    const { cacheControl, cookies } = await headFor(async (response) => {
      await sessions.init(response, "ann");
      await admins.init(response, "root");
      response.writeHead(200, { "cache-control": CACHED, "set-cookie": "theme=dark" }).end();
    });
    expect([cacheControl, cookies]).toEqual(["no-store", ["__Host-admin", OURS, "theme"]]);
  });
});

describe("a response without our cookie", () => {
  it("keeps its own writeHead", async () => {
    let wrapped: boolean | undefined;
    await PROTOCOLS["HTTP/1.1"]?.(async (response) => {
      await sessions.public()(response.req, response, () => {
        wrapped = Object.hasOwn(response, "writeHead");
        response.end();
      });
    });
    expect(wrapped).toBe(false);
  });
});
