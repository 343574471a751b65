import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { libsqlStore } from "sessionup/stores/libsql";
import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenStore } from "../contract/backend.ts";
import { type OutageServer, outageSuite } from "../contract/outages/outages.ts";
import { connectTurso, TursoServer } from "./_tursodb.ts";
import { ENGINES, installEngines, unsupported } from "./packages.ts";

const reason = unsupported("tursodb");

/** The groups of the contract whose tests remove sessions of all users. */
const OF_ALL_USERS = ["delete-expired", "delete-created-before", "on-expired"];

/** The server accepts a connection only every 20 ms, so tests that do not affect each other run concurrently. */
function concurrentGroups(group: string, tests: () => void): void {
  if (OF_ALL_USERS.includes(group)) describe(group, tests);
  else describe.concurrent(group, tests);
}

/** Opens a store over its own client, and creates its table. */
async function open(port: number, timeout: "1s" | "30s"): Promise<OpenStore> {
  const client = connectTurso(port);
  const store = libsqlStore(client, { timeout });
  await store.migrate();
  return {
    store,
    close: async () => {
      await store.close();
      client.close();
    },
  };
}

async function startOutageServer(): Promise<OutageServer> {
  const server = new TursoServer();
  await server.start();
  // The server is slow to acknowledge enough writes.
  const busy = () => new Promise((resolve) => setTimeout(resolve, 1_500));
  return {
    port: server.port,
    freeze: () => server.signal("SIGSTOP"),
    thaw: () => server.signal("SIGCONT"),
    kill: () => busy().then(() => server.signal("SIGKILL")),
    shutDown: () => busy().then(() => server.signal("SIGTERM")),
    startAgain: () => server.startAgain(),
    stop: () => server.stop(),
  };
}

describe("engines", () => {
  beforeAll(() => installEngines(), 600_000);

  if (reason) it.skip(`libsql over HTTP (skipped: ${reason})`);
  describe.skipIf(reason)("over HTTP", () => {
    describe("libsql × @libsql/client, HTTP, tursodb", () => {
      const server = new TursoServer();
      let opened: OpenStore | undefined;
      beforeAll(async () => {
        await server.start();
        opened = await open(server.port, "30s");
      });
      afterAll(async () => {
        await opened?.close();
        await server.stop();
      });

      // Races between clients prove little here, because this server answers one request at a time.
      storeContract(
        { describe: concurrentGroups, it },
        {
          skip: [
            {
              reason: "it would take a minute on this server; the same statements run on a file of libSQL",
              tests: ["delete-created-before/many"],
            },
          ],
          create: () => opened?.store ?? assert.fail(),
        },
      );
    });

    outageSuite({
      store: "libsql",
      client: "@libsql/client, HTTP, tursodb",
      start: startOutageServer,
      open: (port) => open(port, "1s"),
      // Each request opens its own connection.
      connections: 1_000,
    });
  });

  it.each(["types", "workerd"])("the stores accept the drivers' own types: %s", async (project) => {
    const compiler = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
    const compiled = promisify(execFile)(compiler, ["-p", `${project}/tsconfig.json`], { cwd: ENGINES });
    await expect(compiled).resolves.toMatchObject({ stdout: "" });
  });
});
