import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Store } from "sessionup";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { HeardEvents } from "../support/heard-events.ts";
import { createRecord, NOW } from "../support/record.ts";
import type { ServerProcess } from "../support/servers/server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

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

/** Tests what a subscriber learns when its connection fails. */
export function pushOutages({ title, subscriber, start, polls = false, open }: PushBackend): void {
  const why = polls ? " (skipped: a store that polls has no connection for events)" : "";
  describe(`push, ${title}`, () => {
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

    async function openStore(): Promise<Store> {
      const { store, close } = await open(server.port, proxy.port);
      onTestFinished(async () => {
        await store.close?.();
        await close();
      });
      return store;
    }

    async function subscribed() {
      const store = await openStore();
      const heard = new HeardEvents();
      const stop = await store.subscribe?.(heard);
      if (!stop) throw new Error("The store has no subscribe.");
      await expect.poll(() => heard.states).toEqual([true]);
      return { store, heard, stop };
    }

    /** Ends a new session, and waits for the event. */
    async function expectEvent(store: Store, heard: HeardEvents): Promise<void> {
      const record = createRecord();
      await expect.poll(() => store.create(record, { now: NOW }).then(() => true, String)).toBe(true);
      await store.deleteById(record.id, { reason: "revoked", now: NOW });
      await expect.poll(() => heard.ids).toContain(record.id);
    }

    it("a killed server is reported, and its return", async () => {
      const { store, heard } = await subscribed();
      await expectEvent(store, heard);
      await server.process.signal("SIGKILL");
      await expect.poll(() => heard.states).toEqual([true, false]);
      await server.process.start(server.port);
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await expectEvent(store, heard);
    });

    it.skipIf(polls).each(["cutAll", "resetAll"] as const)(
      "a broken connection is replaced (%s)",
      async (fail) => {
        const { store, heard } = await subscribed();
        proxy[fail]();
        await expect.poll(() => heard.states).toEqual([true, false, true]);
        await expectEvent(store, heard);
      },
    );

    it("the heartbeat notices a connection on which nothing arrives any more", async () => {
      const { store, heard } = await subscribed();
      proxy.silence();
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await expectEvent(store, heard);
    });

    it.skipIf(polls)(
      `an event that is lost on the way is followed by the report of the loss${why}`,
      async () => {
        const { store, heard } = await subscribed();
        const lost = createRecord();
        await store.create(lost, { now: NOW });
        proxy.silence();
        await store.deleteById(lost.id, { reason: "revoked", now: NOW });
        await expect.poll(() => heard.states).toEqual([true, false, true]);
        await expectEvent(store, heard);
        expect(heard.ids).not.toContain(lost.id);
      },
    );

    it.skipIf(!subscriber)(
      `a process reports that it was suspended for longer than the heartbeat${subscriber ? "" : " (skipped: every client of this store behaves alike, or it polls)"}`,
      async () => {
        const store = await openStore();
        const args = ["--import", "tsx", SUBSCRIBER, `${subscriber}`, `${server.port}`];
        const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
        onTestFinished(() => void child.kill("SIGKILL"));
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
        await expectEvent(store, heard);
      },
    );

    it("a server that accepts connections and does not answer is lost until it answers", async () => {
      const { store, heard } = await subscribed();
      proxy.mode = "hang";
      try {
        await expect.poll(() => heard.states).toEqual([true, false]);
      } finally {
        proxy.mode = "pass";
      }
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await expectEvent(store, heard);
    });

    it("an idle connection stays up over many heartbeats", async () => {
      const { store, heard } = await subscribed();
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      expect(heard.states).toEqual([true]);
      await expectEvent(store, heard);
    });

    it.skipIf(polls)(
      `a subscription that joins another one shares its connection, and the last one closes it${why}`,
      async () => {
        const { store, heard, stop } = await subscribed();
        const second = new HeardEvents();
        const stopSecond = await store.subscribe?.(second);
        expect(proxy.connections).toBe(1);
        await stop();
        await expectEvent(store, second);
        expect(heard.ids).toEqual([]);
        await stopSecond?.();
        await expect.poll(() => proxy.connections).toBe(0);
      },
    );

    it.skipIf(polls)(`closing the store closes the connection and ends the subscription${why}`, async () => {
      const { store, heard, stop } = await subscribed();
      await store.close?.();
      await expect.poll(() => proxy.connections).toBe(0);
      expect(heard.states).toEqual([true]);
      await stop();
    });

    it.skipIf(polls)(
      `a subscription that ends during an outage opens no connection any more${why}`,
      async () => {
        const { heard, stop } = await subscribed();
        await proxy.refuse();
        await expect.poll(() => heard.states).toEqual([true, false]);
        await stop();
        await proxy.start();
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        expect(proxy.connections).toBe(0);
        expect(heard.states).toEqual([true, false]);
      },
    );

    it("subscribe rejects when the first connection fails, and works later", async () => {
      const store = await openStore();
      await proxy.refuse();
      const heard = new HeardEvents();
      await expect(store.subscribe?.(heard)).rejects.toThrow();
      await proxy.start();
      await store.subscribe?.(heard);
      await expectEvent(store, heard);
      expect(heard.states).toEqual([true]);
    });
  });
}
