import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { Manager } from "sessionup";
import { liveSessions } from "sessionup/live";
import type { NodeContext, NodeSessions } from "sessionup/node";
import { eventStream } from "sessionup/sse";
import { memoryStore } from "sessionup/stores/memory";
import { redisPush, redisStore } from "sessionup/stores/redis";
import { signIn } from "sessionup/testing";
import { afterEach, describe, expect, it } from "vitest";
import { EventClient } from "../../support/event-source.ts";
import { listen } from "../../support/listen.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { nodeListener } from "./_apps.ts";
import type { StreamApp } from "./_suite.ts";

/** Until a release of Node has EventSource without it. */
const FLAG = "--experimental-eventsource";

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Starts an app, in which a query may take the place of the cookie. */
async function startApp(app: StreamApp): Promise<string> {
  const listener = nodeListener(app);
  const { origin, close } = await listen(
    createServer((req, res) => {
      const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
      req.url = pathname;
      req.headers.cookie ??= searchParams.get("cookie") ?? undefined;
      listener(req, res);
    }),
  );
  closing.push(close);
  return origin;
}

describe("an event stream and other processes", () => {
  it("ends with its last event when another process revokes the session, by Redis's push", async () => {
    const redis = await startRedis();
    closing.push(() => redis.stop());
    const client = new Redis(redis.port, "127.0.0.1");
    closing.push(() => client.disconnect());
    const store = redisStore(client, { push: redisPush(() => client.duplicate()) });
    // With this interval, only the push can end the stream.
    const manager = new Manager(store, { live: liveSessions({ recheck: "24d" }) });
    closing.push(() => manager.close());
    const subscribed = new Promise<void>((resolve) => {
      void store.subscribe?.({
        ended: () => undefined,
        changed: () => undefined,
        status: (up) => up && resolve(),
      });
    });
    const origin = await startApp({ manager, open: eventStream });
    const cookie = await signIn(manager, "ann");
    const events = new EventClient(await fetch(`${origin}/events`, { headers: { cookie } }));
    await events.read();
    await subscribed;

    const revoke = `
      import { Redis } from "ioredis";
      import { Manager } from "./src/index.ts";
      import { redisStore } from "./src/stores/redis.ts";
      const client = new Redis(${redis.port}, "127.0.0.1");
      const ended = await new Manager(redisStore(client, { push: true })).revokeByUserKey("ann");
      console.log(ended.length);
      client.disconnect();
    `;
    const other = spawn("npx", ["tsx", "--input-type=module", "--eval", revoke]);
    const [output] = await once(other.stdout, "data");
    expect(String(output).trim()).toBe("1");
    expect(await events.rest()).toEqual([
      { type: "session-ended", data: '{"reason":"revoked"}', lastEventId: "" },
    ]);
  });

  it("Node's EventSource reconnects after a rotation, and stops at the 401 after the end", async () => {
    const manager = new Manager(memoryStore());
    const origin = await startApp({
      manager,
      open: ((sessions: NodeSessions, res: NodeContext) => {
        const stream = eventStream(sessions, res);
        stream.send({ id: "7", retry: "1s", data: `after ${stream.lastEventId ?? "nothing"}\nonly` });
        return stream;
      }) as typeof eventStream,
    });
    const cookie = await signIn(manager, "ann");
    const page = `
      const source = new EventSource(process.argv[1]);
      const say = (...words) => console.log(JSON.stringify(words));
      source.onmessage = ({ data }) => say("message", data);
      source.addEventListener("session-ended", ({ data }) => say("session-ended", data));
      // A source that waits before it reconnects does not keep its process alive.
      const alive = setInterval(() => undefined, 1_000);
      source.onerror = () => {
        say("error", source.readyState);
        if (source.readyState === EventSource.CLOSED) clearInterval(alive);
      };
    `;
    const url = `${origin}/events?cookie=${encodeURIComponent(cookie)}`;
    const flags = [FLAG, "--no-warnings"].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
    const args = [...flags, "--input-type=module", "--eval", page, url];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    closing.push(() => child.kill());
    const said: unknown[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(JSON.parse(line));
      // The rotation of a request that does not pass its cookie on, so the old secret reconnects during its grace.
      if (said.length === 1) await fetch(`${origin}/rotate`, { method: "POST", headers: { cookie } });
      if (said.length === 3) await manager.revokeByUserKey("ann");
    }
    expect(said).toEqual([
      ["message", "after nothing\nonly"],
      ["error", 0],
      ["message", "after 7\nonly"],
      ["session-ended", '{"reason":"revoked"}'],
      ["error", 0],
      ["error", 2],
    ]);
  });
});
