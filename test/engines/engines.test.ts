import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { libsqlStore } from "sessionup/stores/libsql";
import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenStore } from "../stores/_backend.ts";
import { outageSuite } from "../stores/_outages.ts";
import { connectionTests } from "../stores/_sqlite-connection.ts";
import type { Outcome } from "./_contract.ts";
import { ENGINES, installEngines, outcomesOf, unsupported } from "./_packages.ts";
import { TursoServer } from "./_tursodb.ts";

const RUNS = [
  { store: "sqlite", client: "node:sqlite, Node 22", runtime: "Node 22", args: ["sqlite.ts", "node:sqlite"] },
  { store: "sqlite", client: "node:sqlite, Node 24", runtime: "Node 24", args: ["sqlite.ts", "node:sqlite"] },
  { store: "sqlite", client: "bun:sqlite", runtime: "Bun", args: ["sqlite.ts", "bun:sqlite"] },
  { store: "sqlite", client: "better-sqlite3", runtime: "Node 24", args: ["sqlite.ts", "better-sqlite3"] },
  { store: "libsql", client: "Cloudflare D1 (workerd)", runtime: "Node 24", args: ["d1.ts"] },
] as const;

/** Shows up as skipped, with the reason, where the program is in no package. */
function describeWith(name: Parameters<typeof unsupported>[0], title: string, body: () => void): void {
  const reason = unsupported(name);
  if (reason) it.skip(`${title} (skipped: ${reason})`);
  else describe(title, body);
}

describe("engines", () => {
  beforeAll(() => installEngines(), 600_000);

  for (const { store, client, runtime, args } of RUNS) {
    describeWith(runtime, `${store} × ${client}`, () => {
      const outcomes = new Map<string, Outcome>();
      let folder = "";
      let end = "";
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "sessionup-engine-"));
        const run = await outcomesOf(runtime, [...args, folder]);
        for (const outcome of run.outcomes) outcomes.set(`${outcome.group} > ${outcome.title}`, outcome);
        end = run.end;
      }, 300_000);
      afterAll(() => rm(folder, { recursive: true, force: true }));

      /** What ran over there, by its name here: a test that did not run is one that failed. */
      const reported = (group: string, title: string) =>
        it(title, () => {
          const outcome = outcomes.get(`${group} > ${title}`);
          if (!outcome) throw new Error(`did not run: ${end}`);
          if (outcome.error) throw new Error(outcome.error);
        });
      let group = "";
      const runner = {
        describe(title: string, body: () => void) {
          describe(title, () => {
            group = title;
            body();
          });
        },
        it: Object.assign((title: string) => reported(group, title), { skip: it.skip }),
      };
      const elsewhere = () => {
        throw new Error("runs in another runtime");
      };
      storeContract(runner, { create: elsewhere });
      if (store === "sqlite") {
        runner.describe("connection", () => {
          for (const title of Object.keys(connectionTests({ open: elsewhere }, () => ""))) runner.it(title);
        });
      }
    });
  }

  describeWith("tursodb", "over HTTP", () => {
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
      const store = libsqlStore(client, { timeout });
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
      afterAll(() => opened?.close());
      // The races of several clients are of little use here: this server answers one request at a time.
      storeContract(
        { describe, it },
        {
          create: async () => {
            opened ??= await open(server.port, "30s");
            return opened.store;
          },
        },
      );
    });

    // It is slow: until enough has been acknowledged takes a while.
    const busy = () => new Promise((resolve) => setTimeout(resolve, 1_500));
    outageSuite({
      store: "libsql",
      client: "@libsql/client, HTTP, tursodb",
      open: (port) => open(port, "1s"),
      // One a request.
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

  it("takes the drivers' own types as they are", async () => {
    const compiler = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
    const compiled = promisify(execFile)(compiler, ["-p", "types/tsconfig.json"], { cwd: ENGINES });
    await expect(compiled).resolves.toMatchObject({ stdout: "" });
  });
});
