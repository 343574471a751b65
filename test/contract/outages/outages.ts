import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import type { OpenStore } from "../backend.ts";
import { type OutageApp, startApp } from "./app.ts";
import {
  chaos,
  commute,
  createLogs,
  eventually,
  expectKept,
  expectOutage,
  expectRecovery,
  untilSome,
} from "./traffic.ts";
import { signIn, stranger } from "./visitor.ts";

/** A server that can be made to fail, and the store with one of its clients. */
export interface OutageBackend {
  readonly store: string;
  readonly client: string;
  readonly server: OutageServer;
  /** Opens the store with the settings that docs/outages.md recommends and `timeout: "1s"`. */
  open(port: number): Promise<OpenStore>;
  /** The largest number of connections of the client. */
  readonly connections: number;
}

/** A server that keeps every write that it acknowledges. */
export interface OutageServer {
  readonly port: number;
  /** Suspends all processes of the server. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Kills all processes of the server at once, as in a crash. */
  kill(): Promise<void>;
  /** Shuts the server down cleanly, without waiting for its clients. */
  shutDown(): Promise<void>;
  startAgain(): Promise<void>;
}

/**
 * Tests, over real HTTP, how an app behaves during every kind of database failure. The suites of a file mostly wait, so they
 * run concurrently, each with its own server.
 */
export function outageSuite(backend: OutageBackend): void {
  describe.concurrent(`outages of ${backend.store} × ${backend.client}`, () => appTests(backend));
}

function appTests(backend: OutageBackend): void {
  describe.sequential("the app", () => {
    const { server } = backend;
    let proxy: TcpProxy;
    let app: OutageApp;
    let open: OpenStore;
    beforeAll(async () => {
      proxy = await new TcpProxy(server.port).start();
      open = await backend.open(proxy.port);
      app = await startApp(open.store);
    });
    afterAll(async () => {
      await app?.close();
      await open?.close();
      await proxy?.stop();
    });

    // A failed test must not affect the next one.
    afterEach(async ({ task }) => {
      proxy.mode = "pass";
      await proxy.start();
      if (task.result?.state === "fail") proxy.cutAll();
    });

    it("answers 503 while the server refuses connections, and recovers afterwards", async () => {
      const visitors = await signIn(app.origin, 3);
      await proxy.refuse();
      await expectOutage(app.origin, visitors);
      await expectOutage(app.origin, visitors.slice(0, 1));
      await proxy.start();
      await expectRecovery(visitors);
    });

    it("answers 503 while the network hangs, and recovers afterwards", async () => {
      const visitors = await signIn(app.origin, 3);
      proxy.mode = "hang";
      await expectOutage(app.origin, visitors);
      await expectOutage(app.origin, visitors.slice(0, 1));
      proxy.mode = "pass";
      await expectRecovery(visitors);
      expect(proxy.connections).toBeLessThanOrEqual(backend.connections);
    });

    it("recovers from a hang that ends with broken connections", async () => {
      const visitors = await signIn(app.origin, 3);
      proxy.mode = "hang";
      await expectOutage(app.origin, visitors);
      proxy.cutAll();
      proxy.mode = "pass";
      await expectRecovery(visitors);
    });

    it("recovers from connections that have gone silent", async () => {
      const visitors = await signIn(app.origin, 10);
      proxy.silence();
      const end = performance.now() + 10_000;
      // The client has to replace each connection of its pool.
      for (let well = false; !well; ) {
        const answers = await Promise.all(visitors.map((visitor) => visitor.ask("/me")));
        for (const { status, body } of answers) assert.notEqual(status, 401, JSON.stringify(body));
        well = answers.every(({ status }) => status === 200);
        assert.ok(performance.now() < end, "The app did not recover within 10 seconds.");
      }
      await expectRecovery(visitors);
    });

    it("answers 503 while the server process hangs, and recovers afterwards", async () => {
      const visitors = await signIn(app.origin, 3);
      await server.freeze();
      try {
        await expectOutage(app.origin, visitors);
      } finally {
        await server.thaw();
      }
      await expectRecovery(visitors);
    });

    it("answers 503 or correctly when the network cuts replies", async () => {
      const visitors = await signIn(app.origin, 10, 1);
      proxy.mode = "cut";
      const answers = await Promise.all(
        visitors.flatMap((visitor) => ["/me", "/devices", "/me"].map((path) => visitor.ask(path))),
      );
      proxy.mode = "pass";
      for (const { status, body } of answers)
        assert.ok(status === 200 || status === 503, JSON.stringify(body));
      expect(answers.map(({ status }) => status)).toContain(503);
      await expectRecovery(visitors);
    });

    it.each(["cut", "hang"] as const)(
      "a login whose reply is lost (%s) sets no cookie and leaves at most one unused session",
      async (mode) => {
        const newcomer = stranger(app.origin);
        app.ambush("create", () => {
          proxy.mode = mode;
        });
        expect((await newcomer.login()).status).toBe(503);
        expect(newcomer.cookie).toBeUndefined();
        proxy.mode = "pass";
        expect((await eventually(() => newcomer.login())).status).toBe(200);
        await pause(100);
        const { body } = await eventually(() => newcomer.ask("/devices"));
        expect(body.ids).toContain(newcomer.id);
        expect(body.ids?.length).toBeLessThanOrEqual(2);
      },
    );

    it.each(["cut", "hang"] as const)("a logout whose reply is lost (%s) can be retried", async (mode) => {
      const visitors = await signIn(app.origin, 1);
      const [visitor = assert.fail(), other = assert.fail()] = visitors;
      app.ambush("deleteById", () => {
        proxy.mode = mode;
      });
      const former = visitor.copy();
      expect((await visitor.ask("/logout")).status).toBe(503);
      expect(visitor.cookie).toBe(former.cookie);
      proxy.mode = "pass";
      expect((await eventually(() => visitor.ask("/logout"))).status).toBe(200);
      expect((await eventually(() => former.ask("/me"))).status).toBe(401);
      await expectRecovery([other]);
    });

    it.each(["cut", "hang"] as const)(
      "a revokeOther whose reply is lost (%s) can be retried",
      async (mode) => {
        const visitors = await signIn(app.origin, 1, 4);
        const [visitor = assert.fail(), ...others] = visitors;
        app.ambush("deleteByUserKey", () => {
          proxy.mode = mode;
        });
        expect((await visitor.ask("/revoke-others")).status).toBe(503);
        proxy.mode = "pass";
        expect((await eventually(() => visitor.ask("/revoke-others"))).status).toBe(200);
        for (const other of others) expect((await eventually(() => other.ask("/me"))).status).toBe(401);
        await expectRecovery([visitor]);
      },
    );

    it("serves a request whose activity cannot be written", async () => {
      const visitors = await signIn(app.origin, 1, 1);
      const [visitor = assert.fail()] = visitors;
      app.advance(120_000);
      app.ambush("update", () => {
        proxy.mode = "hang";
      });
      const { status } = await visitor.ask("/me");
      proxy.mode = "pass";
      expect(status).toBe(200);
      await expectRecovery(visitors);
    });

    it.each(["kill", "shutDown"] as const)(
      "loses no acknowledged login and no acknowledged logout after a %s of the server",
      async (end) => {
        const visitors = await signIn(app.origin, 3);
        let over = false;
        const acknowledged = createLogs(6);
        const commuting = acknowledged.map((each) => commute(app.origin, () => over, each));
        await untilSome(acknowledged);
        await server[end]();
        await expectOutage(app.origin, visitors);
        over = true;
        await Promise.all(commuting);
        await server.startAgain();
        await expectRecovery(visitors);
        await expectKept(acknowledged);
      },
    );

    it("signs no user out and never confuses users while the network fails at random", async () => {
      const visitors = await signIn(app.origin, 20, 1);
      const end = performance.now() + 4_000;
      const isTime = () => performance.now() > end;
      const statuses = new Map<number, number>();
      const visiting = visitors.map(async (visitor, index) => {
        for (let round = index; !isTime(); round++) {
          const { status, body } = await visitor.ask(round % 4 === 0 ? "/devices" : "/me");
          assert.notEqual(status, 401, `${visitor.user} was signed out: ${JSON.stringify(body)}`);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          await pause(5);
        }
      });
      const acknowledged = createLogs(4);
      const commuting = acknowledged.map((each) => commute(app.origin, isTime, each));
      await Promise.all([chaos(proxy, 20_261, isTime), ...visiting, ...commuting]);
      await expectKept(acknowledged);
      await expectRecovery(visitors);
      // Without both statuses, the network was never up or never down.
      expect([...statuses.keys()].sort()).toEqual([200, 503]);
      expect(proxy.connections).toBeLessThanOrEqual(backend.connections);
    });
  });
}
