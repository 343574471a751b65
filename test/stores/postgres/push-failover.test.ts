import pg from "pg";
import type { Store } from "sessionup";
import { postgresPush, postgresStore } from "sessionup/stores/postgres";
import { describe, expect, it, onTestFinished } from "vitest";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { startPgbouncer } from "../../support/servers/pgbouncer.ts";
import { startPostgres, startStandby, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { withClient } from "./_backends.ts";
import { openPool } from "./fixture.ts";

const HEARTBEAT = { heartbeat: "1s" } as const;
const urlOf = (port: number) => `postgres://sessionup@127.0.0.1:${port}/postgres`;

/** Ends a new session, also when the store has to reconnect first, and waits for the event. */
async function expectEvent(store: Store, heard: HeardEvents): Promise<void> {
  const record = createRecord();
  await expect.poll(() => store.create(record, { now: NOW }).then(() => true, String)).toBe(true);
  await store.deleteById(record.id, { reason: "revoked", now: NOW });
  await expect.poll(() => heard.ids).toContain(record.id);
}

/** Waits until the store opens a connection after its first `count`. The store may close the connection at once. */
async function untilConnected(proxy: TcpProxy, count: number): Promise<void> {
  await expect.poll(() => proxy.accepted).toBeGreaterThan(count);
}

/** A store over one URL that receives events over another one. */
async function openStore(url: string, eventUrl: string): Promise<Store> {
  const pool = openPool(url);
  const push = postgresPush(() => new pg.Client({ connectionString: eventUrl }), HEARTBEAT);
  const store = postgresStore(pool, { push, prepare: false });
  onTestFinished(async () => {
    await store.close();
    await pool.end();
  });
  await store.migrate();
  return store;
}

describe("a subscriber of postgresStore after the promotion of a standby", () => {
  /** A primary and its standby, and two addresses: the store's and that of its connection for events. */
  async function pair() {
    const primary = await startPostgres({ fsync: "off" });
    onTestFinished(primary.stop);
    const ports = { store: primary.port, events: primary.port };
    const address = await new TcpProxy(() => ports.store).start();
    const eventAddress = await new TcpProxy(() => ports.events).start();
    for (const each of [address, eventAddress]) onTestFinished(() => each.stop());
    const store = await openStore(urlOf(address.port), urlOf(eventAddress.port));
    const standby = await startStandby(primary);
    onTestFinished(standby.stop);
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    await expectEvent(store, heard);
    const promote = () => withClient(standby.url, (client) => client.query("select pg_promote()"));
    return { primary, standby, ports, address, eventAddress, store, heard, promote };
  }

  it("reaches the new primary by the same address", async () => {
    const { primary, standby, ports, eventAddress, store, heard, promote } = await pair();
    await primary.process.signal("SIGKILL");
    await expect.poll(() => heard.states).toEqual([true, false]);
    // A standby accepts connections, but not LISTEN.
    ports.store = ports.events = standby.port;
    await untilConnected(eventAddress, eventAddress.accepted);
    await promote();
    await expect.poll(() => heard.states).toEqual([true, false, true]);
    await expectEvent(store, heard);
  });

  it("is not up while it reconnects to the former primary", async () => {
    const { standby, ports, address, eventAddress, store, heard, promote } = await pair();
    await promote();
    ports.store = standby.port;
    // The former primary is alive and answers, but the store publishes elsewhere.
    const { accepted } = eventAddress;
    address.cutAll();
    eventAddress.cutAll();
    await expect.poll(() => heard.states).toEqual([true, false]);
    await untilConnected(eventAddress, accepted);
    ports.events = standby.port;
    await expect.poll(() => heard.states).toEqual([true, false, true]);
    await expectEvent(store, heard);
  });
});

describe("postgresPush with PgBouncer in transaction mode", () => {
  it("receives events by a direct connection, and rejects by a connection through PgBouncer", async () => {
    const server = await startPostgres(WITHOUT_FSYNC);
    onTestFinished(server.stop);
    const bouncer = await startPgbouncer(server.port);
    onTestFinished(bouncer.stop);
    const store = await openStore(bouncer.url, server.url);
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    await expectEvent(store, heard);
    expect(heard.states).toEqual([true]);
    const deaf = await openStore(bouncer.url, bouncer.url);
    await expect(deaf.subscribe?.(new HeardEvents())).rejects.toThrow("without a pooler");
  });
});
