import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import { type LmdbStore, lmdbStore } from "sessionup/stores/lmdb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OutageApp, startApp } from "../../contract/outages/app.ts";
import { crashSuite } from "../../contract/outages/crashes.ts";
import { eventually, expectRecovery } from "../../contract/outages/traffic.ts";
import { signIn, stranger } from "../../contract/outages/visitor.ts";

describe("an outage of lmdb", () => {
  let folder: string;
  let root: RootDatabase;
  let store: LmdbStore;
  let app: OutageApp;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sessionup-lmdb-"));
    const path = join(folder, "sessions.lmdb");
    store = await lmdbStore(open, { path, timeout: "1s" });
    root = open({ path });
    app = await startApp(store);
  });
  afterAll(async () => {
    await app?.close();
    await store?.close();
    await root?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("serves signed-in users, answers 503 to writes while the app's transaction hangs, and recovers", async () => {
    const visitors = await signIn(app.origin, 2);
    const [leaving = assert.fail(), ...staying] = visitors;
    let finish: (() => void) | undefined;
    const begun = new Promise<void>((begin) => {
      void root.transaction(() => {
        begin();
        return new Promise<void>((resolve) => {
          finish = resolve;
        });
      });
    });
    await begun;

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
    // A request is served even if its activity cannot be written.
    expect((await staying[0]?.ask("/me"))?.status).toBe(200);

    finish?.();
    expect((await eventually(() => leaving.ask("/logout"))).status).toBe(200);
    expect((await eventually(() => former.ask("/me"))).status).toBe(401);
    await expectRecovery(staying.filter(({ user }) => user !== leaving.user));
    expect((await eventually(() => newcomer.login())).status).toBe(200);
    // The login that was answered with 503 may have been carried out later, without a cookie.
    expect((await newcomer.ask("/devices")).body.ids?.length).toBeLessThanOrEqual(2);
  });
});

crashSuite("lmdb", (folder) => join(folder, "sessions.lmdb"));
