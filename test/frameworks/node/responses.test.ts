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

/**
 * Functions that send a request over HTTP/1.1 or HTTP/2 and return the response's Cache-Control and cookie
 * names.
 */
const PROTOCOLS: Readonly<Record<string, (handler: Handler) => Promise<Head>>> = {
  "HTTP/1.1": async (handler) => {
    const { origin, close } = await listen(createServer((_request, response) => void handler(response)));
    try {
      const { headers } = await fetch(origin);
      return toHead(headers.get("cache-control"), headers.getSetCookie());
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
      return toHead(headers["cache-control"], headers["set-cookie"] ?? []);
    } finally {
      client.destroy();
      await close();
    }
  },
};

function toHead(cacheControl: unknown, lines: readonly string[]): Head {
  return { cacheControl, cookies: lines.map((line) => line.split("=", 1)[0] ?? "").sort() };
}

const NAME = "__Host-sessionup";

describe.each(Object.entries(PROTOCOLS))(
  "a response with the session cookie over %s",
  (_protocol, headFor) => {
    it.each<[form: string, head: (response: ServerResponse) => unknown]>([
      ["setHeader", (response) => response.setHeader("Cache-Control", CACHED)],
      ["removeHeader", (response) => response.removeHeader("cache-control")],
      ["writeHead with an object", (response) => response.writeHead(200, { "Cache-Control": CACHED })],
      [
        "writeHead with a list",
        (response) => response.writeHead(200, ["Cache-Control", CACHED, "x-own", "1"]),
      ],
      [
        "writeHead with a message",
        (response) => response.writeHead(200, "Fine", { "cache-control": CACHED }),
      ],
      [
        "setHeader before flushHeaders",
        (response) => {
          response.setHeader("cache-control", CACHED);
          response.flushHeaders();
        },
      ],
    ])("no-store stays when the app sets Cache-Control with %s", async (_form, head) => {
      const { cacheControl, cookies } = await headFor(async (response) => {
        await sessions.init(response, "ann");
        head(response);
        response.end("done");
      });
      expect([cacheControl, cookies]).toEqual(["no-store", [NAME]]);
    });

    it.each<[form: string, head: (response: ServerResponse) => unknown]>([
      ["setHeader", (response) => response.setHeader("set-cookie", "theme=dark")],
      ["writeHead with an object", (response) => response.writeHead(200, { "Set-Cookie": "theme=dark" })],
      ["writeHead with a list", (response) => response.writeHead(200, ["Set-Cookie", "theme=dark"])],
      [
        "writeHead with several values",
        (response) => response.writeHead(200, { "set-cookie": ["a=1", "theme=dark"] }),
      ],
    ])("the session cookie stays when the app sets Set-Cookie with %s", async (_form, head) => {
      const { cookies } = await headFor(async (response) => {
        await sessions.init(response, "ann");
        head(response);
        response.end("done");
      });
      expect(cookies.filter((name) => name !== "a")).toEqual([NAME, "theme"]);
    });

    it("writeHead keeps its other headers", async () => {
      let sent: unknown;
      await headFor(async (response) => {
        await sessions.init(response, "ann");
        response.writeHead(200, { "cache-control": CACHED, "x-own": "1" });
        sent = response.getHeader("x-own");
        response.end("done");
      });
      expect(sent).toBe("1");
    });

    it("the cookies of two managers are both set", async () => {
      const admins = nodeSessions(new Manager(memoryStore(), { cookie: { name: "admin" } }));
      const { cacheControl, cookies } = await headFor(async (response) => {
        await sessions.init(response, "ann");
        await admins.init(response, "root");
        response.writeHead(200, { "cache-control": CACHED, "set-cookie": "theme=dark" }).end();
      });
      expect([cacheControl, cookies]).toEqual(["no-store", ["__Host-admin", NAME, "theme"]]);
    });
  },
);

describe("a response without the session cookie", () => {
  it("a response without the session cookie keeps its own writeHead", async () => {
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
