import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { libsqlPush, libsqlStore } from "sessionup/stores/libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenStore } from "../contract/backend.ts";
import { outageSuite } from "../contract/outages/outages.ts";
import { runContract } from "../contract/run-contract.ts";
import { HeardEvents } from "../support/heard-events.ts";
import { createRecord, NOW } from "../support/record.ts";
import { TursoServer } from "./_tursodb.ts";
import { ENGINES, installEngines, unsupported } from "./packages.ts";

const reason = unsupported("tursodb");

describe("engines", () => {
  beforeAll(() => installEngines(), 600_000);

  if (reason) it.skip(`libsql over HTTP (skipped: ${reason})`);
  describe.skipIf(reason)("over HTTP", () => {
    const server = new TursoServer();
    beforeAll(async () => {
      await server.start();
      const client = server.client(server.port);
      await libsqlStore(client).migrate();
      client.close();
    });
    afterAll(() => server.stop());

    const open = async (port: number, timeout: "1s" | "30s"): Promise<OpenStore> => {
      const client = server.client(port);
      const store = libsqlStore(client, { timeout, push: libsqlPush({ interval: "100ms" }) });
      return {
        store,
        close: async () => {
          await store.close();
          client.close();
        },
      };
    };

    describe("libsql × @libsql/client, HTTP, tursodb", () => {
      let opened: OpenStore | undefined;
      // Here nothing kills the server. It has one connection to its file, whose settings outlive a request.
      const setFsync = async (mode: "OFF" | "FULL") => {
        const client = server.client(server.port);
        await client.execute(`PRAGMA synchronous = ${mode}`);
        client.close();
      };
      beforeAll(() => setFsync("OFF"));
      afterAll(async () => {
        await opened?.close();
        await setFsync("FULL");
      });
      runContract({
        skip: [
          {
            reason: "they would take a minute on this server; the same statements run on a file of libSQL",
            tests: ["delete-created-before/many", "delete-by-user-key/many"],
          },
          {
            reason: "this server answers one request at a time; the same statements race on a file of libSQL",
            tests: ["races"],
          },
        ],
        create: async () => {
          opened ??= await open(server.port, "30s");
          return opened.store;
        },
        another: (store) => store,
      });
    });

    it("a server that hangs or is killed is reported to listeners, and its return", async () => {
      const { store, close } = await open(server.port, "1s");
      const heard = new HeardEvents();
      await store.subscribe?.(heard);
      await server.signal("SIGSTOP");
      await expect.poll(() => heard.states).toEqual([true, false]);
      await server.signal("SIGCONT");
      await expect.poll(() => heard.states).toEqual([true, false, true]);
      await server.signal("SIGKILL");
      await expect.poll(() => heard.states).toEqual([true, false, true, false]);
      await server.startAgain();
      await expect.poll(() => heard.states).toEqual([true, false, true, false, true]);
      const record = createRecord();
      await store.create(record, { now: NOW });
      await store.deleteById(record.id, { reason: "revoked", now: NOW });
      await expect.poll(() => heard.ids).toEqual([record.id]);
      await close();
    });

    // The server is slow to acknowledge enough writes.
    const busy = () => new Promise((resolve) => setTimeout(resolve, 1_500));
    outageSuite({
      store: "libsql",
      client: "@libsql/client, HTTP, tursodb",
      open: (port) => open(port, "1s"),
      // Each request opens its own connection.
      connections: 1_000,
      server: {
        get port() {
          return server.port;
        },
        freeze: () => server.signal("SIGSTOP"),
        thaw: () => server.signal("SIGCONT"),
        kill: () => busy().then(() => server.signal("SIGKILL")),
        shutDown: () => busy().then(() => server.signal("SIGTERM")),
        startAgain: () => server.startAgain(),
      },
    });
  });

  it.each(["types", "workerd"])("the stores accept the drivers' own types: %s", async (project) => {
    const compiler = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
    const compiled = promisify(execFile)(compiler, ["-p", `${project}/tsconfig.json`], { cwd: ENGINES });
    await expect(compiled).resolves.toMatchObject({ stdout: "" });
  });
});
