import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Store } from "sessionup";
import { afterAll, beforeAll, describe, it, type TestContext } from "vitest";
import { HeardEvents } from "../support/heard-events.ts";
import { createRecord, NOW } from "../support/record.ts";
import type { ServerProcess } from "../support/servers/server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { toCommand } from "./programs.ts";

const SUBSCRIBER = fileURLToPath(new URL("_subscriber.ts", import.meta.url));

/** A store whose connection for events fails. */
export interface PushBackend {
  readonly title: string;
  /** The store that `_subscriber.ts` opens in a process of its own. Absent where that makes no difference. */
  readonly subscriber?: "redis" | "postgres";
  start(): Promise<{ readonly port: number; readonly process: ServerProcess; stop(): Promise<void> }>;
  /** Whether the store reads events on the connections of the app's client. Default: it has a connection for events. */
  readonly polls?: boolean;
  /**
   * Opens a store that works on one port and receives events by another one. It notices a loss within a second. A store that
   * polls uses only the port of events.
   */
  open(port: number, eventPort: number): Promise<{ readonly store: Store; close(): Promise<unknown> }>;
}

/** Suites that run concurrently share no test context, so each test passes its own one on. */
type Context = Pick<TestContext, "expect" | "onTestFinished">;

/**
 * Tests what a subscriber learns when its connection fails. The suites of a file mostly wait, so they run concurrently, each
 * with its own server.
 */
export function pushOutages(backend: PushBackend): void {
  describe.concurrent(`push, ${backend.title}`, () => subscriberTests(backend));
}

function subscriberTests({ subscriber, start, polls = false, open }: PushBackend): void {
  const why = polls ? " (skipped: a store that polls has no connection for events)" : "";
  describe.sequential("a subscriber", () => {
    let server: Awaited<ReturnType<typeof start>>;
    let proxy: TcpProxy;
    beforeAll(async () => {
      server = await start();
      proxy = await new TcpProxy(server.port).start();
    });
    afterAll(async () => {
      await proxy.stop();
      await server.stop();
    });

    async function openStore({ onTestFinished }: Context): Promise<Store> {
      const { store, close } = await open(server.port, proxy.port);
      onTestFinished(async () => {
        await store.close?.();
        await close();
      });
      return store;
    }

    async function subscribed(context: Context) {
      const { expect } = context;
      const store = await openStore(context);
      const heard = new HeardEvents();
      const stop = await store.subscribe?.(heard);
      if (!stop) throw new Error("The store has no subscribe.");
      await expect.poll(() => heard.states).toEqual([true]);
      return { expect, store, heard, stop };
    }

    /** Ends a new session, and waits for the event. */
    async function expectEvent({ expect }: Context, store: Store, heard: HeardEvents): Promise<void> {
      const record = createRecord();
      await expect.poll(() => store.create(record, { now: NOW }).then(() => true, String)).toBe(true);
      await store.deleteById(record.id, { reason: "revoked", now: NOW });
      await expect.poll(() => heard.ids).toContain(record.id);
    }

    it("a killed server is reported, and its return", async (context) => {
      const { expect, store, heard } = await subscribed(context);
      await expectEvent(context, store, heard);
      await server.process.signal("SIGKILL");
      await expect.poll(() => heard.states).toEqual([true, false]);
      await server.process.start(server.port);
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await expectEvent(context, store, heard);
    });

    it.skipIf(polls).for(["cutAll", "resetAll"] as const)(
      "a broken connection is replaced (%s)",
      async (fail, context) => {
        const { expect, store, heard } = await subscribed(context);
        proxy[fail]();
        await expect.poll(() => heard.states).toEqual([true, false, true]);
        await expectEvent(context, store, heard);
      },
    );

    it("the heartbeat notices a connection on which nothing arrives any more", async (context) => {
      const { expect, store, heard } = await subscribed(context);
      proxy.silence();
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await expectEvent(context, store, heard);
    });

    it.skipIf(polls)(
      `an event that is lost on the way is followed by the report of the loss${why}`,
      async (context) => {
        const { expect, store, heard } = await subscribed(context);
        const lost = createRecord();
        await store.create(lost, { now: NOW });
        proxy.silence();
        await store.deleteById(lost.id, { reason: "revoked", now: NOW });
        await expect.poll(() => heard.states).toEqual([true, false, true]);
        await expectEvent(context, store, heard);
        expect(heard.ids).not.toContain(lost.id);
      },
    );

    it.skipIf(!subscriber)(
      `a process reports that it was suspended for longer than the heartbeat${subscriber ? "" : " (skipped: every client of this store behaves alike, or it polls)"}`,
      async (context) => {
        const { expect } = context;
        const store = await openStore(context);
        const [program, ...args] = await toCommand(SUBSCRIBER);
        const child = spawn(program, [...args, `${subscriber}`, `${server.port}`], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        context.onTestFinished(() => void child.kill("SIGKILL"));
        const heard = new HeardEvents();
        createInterface({ input: child.stdout }).on("line", (line) => {
          const { ids = [], up } = JSON.parse(line);
          if (up === undefined) heard.ids.push(...ids);
          else heard.states.push(up);
        });
        await expect.poll(() => heard.states).toEqual([true]);
        child.kill("SIGSTOP");
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        child.kill("SIGCONT");
        await expect.poll(() => heard.states).toEqual([true, false, true]);
        await expectEvent(context, store, heard);
      },
    );

    it("a server that accepts connections and does not answer is lost until it answers", async (context) => {
      const { expect, store, heard } = await subscribed(context);
      proxy.mode = "hang";
      try {
        await expect.poll(() => heard.states).toEqual([true, false]);
      } finally {
        proxy.mode = "pass";
      }
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await expectEvent(context, store, heard);
    });

    it("an idle connection stays up over many heartbeats", async (context) => {
      const { expect, store, heard } = await subscribed(context);
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      expect(heard.states).toEqual([true]);
      await expectEvent(context, store, heard);
    });

    it.skipIf(polls)(
      `a subscription that joins another one shares its connection, and the last one closes it${why}`,
      async (context) => {
        const { expect, store, heard, stop } = await subscribed(context);
        const second = new HeardEvents();
        const stopSecond = await store.subscribe?.(second);
        expect(proxy.connections).toBe(1);
        await stop();
        await expectEvent(context, store, second);
        expect(heard.ids).toEqual([]);
        await stopSecond?.();
        await expect.poll(() => proxy.connections).toBe(0);
      },
    );

    it.skipIf(polls)(
      `closing the store closes the connection and ends the subscription${why}`,
      async (context) => {
        const { expect, store, heard, stop } = await subscribed(context);
        await store.close?.();
        await expect.poll(() => proxy.connections).toBe(0);
        expect(heard.states).toEqual([true]);
        await stop();
      },
    );

    it.skipIf(polls)(
      `a subscription that ends during an outage opens no connection any more${why}`,
      async (context) => {
        const { expect, heard, stop } = await subscribed(context);
        await proxy.refuse();
        await expect.poll(() => heard.states).toEqual([true, false]);
        await stop();
        await proxy.start();
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        expect(proxy.connections).toBe(0);
        expect(heard.states).toEqual([true, false]);
      },
    );

    it("subscribe rejects when the first connection fails, and works later", async (context) => {
      const { expect } = context;
      const store = await openStore(context);
      await proxy.refuse();
      const heard = new HeardEvents();
      await expect(store.subscribe?.(heard)).rejects.toThrow();
      await proxy.start();
      await store.subscribe?.(heard);
      await expectEvent(context, store, heard);
      expect(heard.states).toEqual([true]);
    });
  });
}
