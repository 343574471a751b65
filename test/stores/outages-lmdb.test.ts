import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import { lmdbStore } from "sessionup/stores/lmdb";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { crashSuite } from "./_crashes.ts";
import { type OutageApp, startApp } from "./_outage-app.ts";
import { eventually, expectRecovery } from "./_outage-traffic.ts";
import { signIn, stranger } from "./_visitor.ts";

/** Another process that begins to write, and never ends it. */
const WRITER = `
import { writeSync } from "node:fs";
import { open } from "lmdb";
open({ path: process.argv[1] }).transactionSync(() => {
  writeSync(1, "writing");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

describe("outages of lmdb", () => {
  let folder: string;
  let root: RootDatabase;
  let store: ReturnType<typeof lmdbStore>;
  let app: OutageApp;
  let writer: ChildProcess | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sessionup-lmdb-"));
    root = open({ path: join(folder, "sessions.lmdb") });
    store = lmdbStore(root, { timeout: "1s" });
    app = await startApp(store);
  });
  afterEach(() => void writer?.kill("SIGKILL"));
  afterAll(async () => {
    await app?.close();
    await store?.close();
    await root?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("serves who is signed in while another process writes, answers 503 to what has to be written, and recovers", async () => {
    const visitors = await signIn(app.origin, 2);
    const [leaving = assert.fail(), ...staying] = visitors;
    const args = ["--input-type=module", "-e", WRITER, join(folder, "sessions.lmdb")];
    writer = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    assert.ok(writer.stdout);
    await once(writer.stdout, "data");

    const newcomer = stranger(app.origin);
    const former = leaving.copy();
    const [login, logout] = await Promise.all([
      newcomer.login(),
      leaving.ask("/logout"),
      ...staying.map(async (visitor) => assert.equal((await visitor.ask("/me")).status, 200)),
    ]);
    expect([login.status, logout.status]).toEqual([503, 503]);
    expect(newcomer.cookie).toBeUndefined();
    expect(leaving.cookie).toBe(former.cookie);
    app.advance(120_000);
    // Activity that cannot be written is no reason to refuse anybody.
    expect((await staying[0]?.ask("/me"))?.status).toBe(200);

    // Its lock is free when it is dead.
    const exit = once(writer, "exit");
    writer.kill("SIGKILL");
    await exit;
    expect((await eventually(() => leaving.ask("/logout"))).status).toBe(200);
    expect((await eventually(() => former.ask("/me"))).status).toBe(401);
    await expectRecovery(staying.filter(({ user }) => user !== leaving.user));
    expect((await eventually(() => newcomer.login())).status).toBe(200);
    // The login that nobody has the cookie of was carried out when its turn came.
    expect((await newcomer.ask("/devices")).body.ids?.length).toBeLessThanOrEqual(2);
  });
});

crashSuite("lmdb", (folder) => join(folder, "sessions.lmdb"));
