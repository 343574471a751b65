import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore } from "../../../examples/demo/stores.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { startPostgres } from "../../support/servers/postgres.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { Device, footerOn } from "./_curl.ts";

const server = fileURLToPath(new URL("../../../examples/demo/server.ts", import.meta.url));
const tsx = import.meta.resolve("tsx");

describe("the demo with --store", () => {
  let folder: string;
  const running: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sessionup-demo-"));
  });
  afterEach(async () => {
    for (const each of running.splice(0)) each.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  /** Returns the demo's URL once it listens, and its output when it ends. */
  async function start(...args: string[]): Promise<{ url: string; said: string; child: ChildProcess }> {
    const child = spawn(process.execPath, ["--import", tsx, server, ...args], {
      cwd: folder,
      env: { ...process.env, PORT: "0" },
    });
    running.push(child);
    let said = "";
    const listens = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (data) => {
          said += data;
          if (said.includes("http://")) resolve();
        });
      }
    });
    await Promise.race([listens, once(child, "close")]);
    return { url: /http:\/\/localhost:\d+/.exec(said)?.[0] ?? "", said, child };
  }

  async function stop(child: ChildProcess): Promise<void> {
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await exit;
  }

  const servers = {
    redis: { startServer: startRedis, label: "Redis" },
    postgres: { startServer: startPostgres, label: "PostgreSQL" },
    mysql: { startServer: startMariadb, label: "MySQL" },
  };

  /** Registers, restarts the demo, checks that the same browser is still signed in, and signs out. */
  async function expectSurvival(store: string, where: string, label: string): Promise<void> {
    const first = await start("--store", store, where);
    expect(first.said).toContain(`\nStore: ${label}. Sign-ins survive a restart.\n`);
    const device = await Device.of(first.url);
    await device.post("/register", { name: "Ann", password: "correct horse" });
    expect((await device.get("/private")).status).toBe(200);
    await stop(first.child);
    const second = await start("--store", store, where);
    device.moveTo(second.url);
    const page = await device.get("/private");
    expect(page.status).toBe(200);
    expect(page.body).toContain("This device");
    expect(footerOn(page)).toBe(`This is a demo. It keeps sessions in ${label} and accounts in a JSON file.`);
    expect((await device.post("/logout")).status).toBe(303);
    expect((await device.get("/private")).status).toBe(303);
    await device.discard();
    await stop(second.child);
  }

  it("logins survive a restart with sqlite", async () => {
    await expectSurvival("sqlite", join(folder, "demo.db"), "SQLite");
    const accounts = join(folder, "demo.db.accounts.json");
    expect((await stat(accounts)).mode & 0o777).toBe(0o600);
    expect(await readFile(accounts, "utf8")).not.toContain("correct horse");
  });

  it("logins survive a restart with lmdb", async () => {
    await expectSurvival("lmdb", join(folder, "demo.lmdb"), "LMDB");
  });

  it.each(Object.entries(servers))(
    "logins survive a restart with %s",
    async (store, { startServer, label }) => {
      const started = await startServer();
      try {
        await expectSurvival(store, started.url, label);
      } finally {
        await started.stop();
      }
    },
  );

  // The next test proves that the demo prints such an error as one line.
  it.each<[store: string, where: string, message: string]>([
    ["excel", "", "--store: use one of memory, sqlite, lmdb, redis, postgres, mysql"],
    ["sqlite", "", "--store sqlite: add a path, such as demo.db"],
    ["redis", "", "--store redis: add a URL, such as redis://localhost:6379"],
    ["redis", "nonsense", "--store redis: use a URL, such as redis://localhost:6379"],
    ["mysql", "postgres://localhost/app", "--store mysql: use a URL, such as mysql://root@localhost/app"],
    ...[
      ["redis", "redis://user:password@127.0.0.1:1", "Redis"],
      ["postgres", "postgres://user:password@127.0.0.1:1/app", "PostgreSQL"],
      ["mysql", "mysql://user:password@127.0.0.1:1/app", "MySQL"],
    ].map(([store = "", url = "", label]): [string, string, string] => [
      store,
      url,
      `--store ${store}: cannot connect to ${label} at 127.0.0.1:1: the connection was refused. Start ${label}, or correct the URL.`,
    ]),
    [
      "redis",
      "redis://nowhere.invalid",
      "--store redis: cannot connect to Redis at nowhere.invalid: no such host. Start Redis, or correct the URL.",
    ],
    [
      "sqlite",
      "<folder>/missing/demo.db",
      "--store sqlite: cannot open <folder>/missing/demo.db: its folder does not exist. Create the folder, or choose another path.",
    ],
    [
      "sqlite",
      "<folder>/file/demo.db",
      "--store sqlite: cannot open <folder>/file/demo.db: its folder is a file. Choose another path.",
    ],
    [
      "lmdb",
      "<folder>/file/demo.lmdb",
      "--store lmdb: cannot open <folder>/file/demo.lmdb: its folder is a file. Choose another path.",
    ],
    ["sqlite", "<folder>", "--store sqlite: cannot open <folder>: it is a folder. Choose another path."],
    [
      "sqlite",
      "<folder>/file",
      "--store sqlite: cannot open <folder>/file: it is not a SQLite database that this user may write to. Choose another path.",
    ],
  ])("--store %s %s cannot be opened", async (store, where, message) => {
    const text = "neither a folder nor a database, and longer than a header".repeat(10);
    await writeFile(join(folder, "file"), text);
    const inFolder = (path: string) => path.replaceAll("<folder>", folder);
    await expect(openStore(store, inFolder(where))).rejects.toThrow(new Error(inFolder(message)));
  });

  it.each<[args: string[], line: string]>([
    [
      ["--store", "sqlite", "missing/demo.db"],
      "--store sqlite: cannot open missing/demo.db: its folder does not exist. Create the folder, or choose another path.",
    ],
    [
      ["--store", "sqlite", "broken.db"],
      "Cannot read the accounts in broken.db.accounts.json: the file is not valid JSON. Correct or delete it.",
    ],
    [["--shop"], "Unknown option '--shop'. Use: npm run demo -- --store sqlite demo.db"],
  ])("the demo prints one line about the invalid arguments %o", async (args, line) => {
    await writeFile(join(folder, "broken.db.accounts.json"), "[{");
    const { said, child } = await start(...args);
    expect(said).toBe(`${line}\n`);
    expect(child.exitCode).toBe(1);
  });
});
