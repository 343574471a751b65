import { once } from "node:events";
import { createServer, request as requestHttp } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { signIn } from "sessionup/testing";
import { afterEach, describe, expect, it } from "vitest";
import { EventClient } from "../../support/event-source.ts";
import { listen } from "../../support/listen.ts";
import { nodeListener, STREAM_APPS } from "./_apps.ts";
import { type StartStreamApp, StreamSite, streamSuite } from "./_suite.ts";

for (const [framework, start] of Object.entries(STREAM_APPS)) {
  // Fastify itself answers 500 to HEAD where a route sends a `Response`.
  const head = framework.includes("Fastify") ? 500 : 200;
  describe(`an event stream on ${framework}`, () => streamSuite(start, { head }));
}

const sites: StreamSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function startSite(start: StartStreamApp, site = new StreamSite()): Promise<StreamSite> {
  sites.push(site);
  await site.start(start);
  return site;
}

/** Returns the app of a framework. */
function appOf(framework: string): StartStreamApp {
  const start = STREAM_APPS[framework];
  if (!start) throw new Error(`There is no app on ${framework}.`);
  return start;
}

describe("pipe", () => {
  it("writes to a response of HTTP/2, and notices when its client has disconnected", async () => {
    const site = await startSite((app) => listen(createHttp2Server(nodeListener(app) as never)));
    const session = connectHttp2(site.origin);
    const cookie = await signIn(site.manager, "ann");
    const open = () => {
      const request = session.request({ ":path": "/events", cookie });
      request.on("error", () => undefined);
      return { request, client: new EventClient(new Response(Readable.toWeb(request) as ReadableStream)) };
    };

    const first = open();
    const [headers] = await once(first.request, "response");
    expect(headers).toMatchObject({ ":status": 200, "cache-control": "no-store, no-transform" });
    await first.client.read();
    first.request.close();
    await expect.poll(() => site.streams[0]?.signal.aborted).toBe(true);

    const gate = site.store.hold("fetchById");
    const gone = open();
    await gate.arrived;
    gone.request.close();
    await once(gone.request, "close");
    // A request on the same connection is answered after the server has noticed the end of that stream.
    const second = open();
    await second.client.read();
    gate.open();
    await expect.poll(() => site.streams[2]?.signal.aborted).toBe(true);

    await site.manager.revokeByUserKey("ann");
    expect(await second.client.rest()).toMatchObject([{ type: "session-ended" }]);
    session.destroy();
  });

  it("ends at once for a client that disconnected while the session was being loaded", async () => {
    let left: Promise<unknown> = Promise.resolve();
    const site = await startSite((app) => {
      const listener = nodeListener(app);
      return listen(
        createServer((req, res) => {
          if (req.url === "/events") left = once(res, "close");
          listener(req, res);
        }),
      );
    });
    const browser = await site.loggedIn();
    const gate = site.store.hold("fetchById");
    const request = requestHttp(`${site.origin}/events`, { headers: { cookie: browser.cookieHeader() } });
    request.on("error", () => undefined).end();
    await gate.arrived;
    request.destroy();
    await left;
    gate.open();
    await expect.poll(() => site.streams[0]?.signal.aborted).toBe(true);
  });
});

describe.each(["node:http", "Fastify", "Hono, with compression", "h3"])(
  "a slow client on %s",
  (framework) => {
    it("gets all events that fit, in order, and then the end", async () => {
      const site = await startSite(appOf(framework), new StreamSite({ maxBufferedBytes: 100_000 }));
      const browser = await site.loggedIn();
      const { hostname, port, host } = new URL(site.origin);
      const socket = connect(Number(port), hostname);
      const cookie = browser.cookieHeader();
      socket.write(`GET /events HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nCookie: ${cookie}\r\n\r\n`);
      await once(socket, "readable");
      const [stream] = site.streams;
      if (!stream) throw new Error("The app has opened no stream.");

      // The client reads nothing, so the buffers of both kernels fill before the stream's own.
      const data = "x".repeat(10_000);
      let sent = 0;
      while (stream.send({ id: String(sent + 1), data })) {
        sent++;
        await new Promise(setImmediate);
      }
      expect(stream.signal.aborted).toBe(true);

      let text = "";
      for await (const chunk of socket) text += chunk;
      const ids = [...text.matchAll(/id: (\d+)/g)].map(([, id]) => Number(id));
      expect(ids).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    });
  },
);
