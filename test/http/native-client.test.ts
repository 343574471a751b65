import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import express from "express";
import { Manager, type ManagerOptions } from "sessionup";
import { bearer, initBearer } from "sessionup/bearer";
import {
  SessionClientError,
  type SessionClientOptions,
  sessionClient,
  type TokenStorage,
} from "sessionup/client";
import { type DpopOptions, dpop } from "sessionup/dpop";
import { expressSessions } from "sessionup/express";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Prover, toAth } from "../support/dpop-proof.ts";
import { listen } from "../support/listen.ts";

const closing: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A place for the token that answers in a later turn, as the stores of phones do. */
class Storage implements TokenStorage {
  token: string | undefined;
  readonly saved: Array<string | undefined> = [];

  constructor(token?: string) {
    this.token = token;
  }

  async load(): Promise<string | null> {
    await new Promise(setImmediate);
    return this.token ?? null;
  }

  async save(token: string | undefined): Promise<void> {
    await new Promise(setImmediate);
    this.token = token;
    this.saved.push(token);
  }
}

/** Starts an app with the ready-made routes, and logs a native client in. */
async function startApp(options: ManagerOptions = {}) {
  const clock = new TestClock();
  const manager = new Manager(memoryStore(), {
    transports: ["cookie", bearer()],
    clock: clock.now,
    ...options,
  });
  const sessions = expressSessions(manager);
  const cookies: Array<string | undefined> = [];
  const app = express();
  app.use((req, _res, next) => {
    cookies.push(req.headers.cookie);
    next();
  });
  app.use(sessionRoutes(sessions, { path: "/account" }));
  app.post("/login", async (req, res) => {
    res.json({ token: (await initBearer(sessions, req, "ann")).token });
  });
  const { origin, close } = await listen(createServer(app));
  closing.push(close);
  const login = async (): Promise<string> => {
    const response = await fetch(`${origin}/login`, { method: "POST" });
    return ((await response.json()) as { token: string }).token;
  };
  const storage = new Storage(await login());
  const client = sessionClient({ path: `${origin}/account`, token: storage });
  return { clock, manager, origin, login, storage, client, cookies };
}

describe("sessionClient with a token", () => {
  it("calls every route with the token and without a cookie", async () => {
    const { client, login, cookies } = await startApp();
    const other = (await login()).split(".")[0] ?? "";
    expect((await client.get())?.session).toMatchObject({ kind: "app", current: true });
    expect(await client.fetchAll()).toHaveLength(2);
    expect(await client.revokeOwn(other)).toBe(true);
    expect(await client.revokeOwn(other)).toBe(false);
    expect(await client.revokeOther()).toEqual([]);
    expect(cookies.filter((cookie) => cookie !== undefined)).toEqual([]);
  });

  it("stores the token that a response carries, by time and after refresh", async () => {
    const { client, storage, clock } = await startApp({ rotateEvery: "1m" });
    const first = storage.token;
    clock.advance("1m");
    await client.fetchAll();
    const second = storage.token;
    expect(second).not.toBe(first);
    await client.fetchAll();
    clock.advance("31s");
    await client.refresh();
    expect(storage.saved).toEqual([second, storage.token]);
    expect(storage.token).not.toBe(second);
    expect(await client.get()).toBeDefined();
  });

  it("deletes the token at a logout", async () => {
    for (const method of ["revoke", "revokeAll"] as const) {
      const { client, storage } = await startApp();
      await client[method]();
      expect(storage.token).toBeUndefined();
      expect(await client.get()).toBeUndefined();
    }
  });

  it("deletes the token when the session has ended, and keeps it when the user must authenticate again", async () => {
    const { client, storage, clock, manager } = await startApp({ expiresIn: "1d" });
    const { token } = storage;
    clock.advance("16m");
    await expect(client.revokeOther()).rejects.toMatchObject({ status: 401, reason: "stale_authentication" });
    expect(storage.token).toBe(token);
    await manager.revokeByUserKey("ann");
    await expect(client.fetchAll()).rejects.toMatchObject({ status: 401, reason: "unknown" });
    expect(storage.token).toBeUndefined();
  });

  it("keeps the token during an outage", async () => {
    const { storage, client, manager } = await startApp();
    const { token } = storage;
    await manager.close();
    const offline = sessionClient({ path: "http://127.0.0.1:1", token: storage });
    await expect(offline.fetchAll()).rejects.toMatchObject({ status: 0 });
    await expect(offline.fetchAll()).rejects.toBeInstanceOf(SessionClientError);
    expect(storage.token).toBe(token);
    expect(client).toBeDefined();
  });

  it("sends the request once more if the user has logged in again in the meantime", async () => {
    const { client, storage, login, manager } = await startApp();
    const { token: old } = storage;
    await manager.revokeByUserKey("ann");
    const next = await login();
    let loads = 0;
    storage.load = async () => (loads++ === 0 ? String(old) : next);
    expect(await client.fetchAll()).toHaveLength(1);
    expect(storage.saved).toEqual([]);
  });
});

/** Starts a server whose responses the test sends in its own order. */
async function startHeld(options: Omit<TokenStorage, "load" | "save"> = {}) {
  const held: Array<{ request: IncomingMessage; response: ServerResponse }> = [];
  const arrivals: Array<() => void> = [];
  const { origin, close } = await listen(
    createServer((request, response) => {
      held.push({ request, response });
      for (const arrive of arrivals.splice(0)) arrive();
    }),
  );
  closing.push(close);
  const storage = new Storage(`${"a".repeat(22)}.first`);
  const token: SessionClientOptions["token"] = {
    load: () => storage.load(),
    save: (next) => storage.save(next),
    ...options,
  };
  return {
    storage,
    client: sessionClient({ path: origin, token }),
    /** Waits until this many requests have arrived. */
    async arrived(count: number) {
      while (held.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
    presented: (at: number) => held[at]?.request.headers.authorization,
    answer(at: number, headers: Record<string, string>, status = 204, body = "") {
      held[at]?.response.writeHead(status, headers).end(body);
    },
  };
}

describe("concurrent responses", () => {
  const session = (secret: string, id = "a") => `${id.repeat(22)}.${secret}`;

  it("a response that was overtaken does not replace a newer token", async () => {
    const { storage, client, arrived, answer } = await startHeld();
    const first = client.refresh();
    await arrived(1);
    const second = client.refresh();
    await arrived(2);
    answer(1, { "session-token": session("newer") });
    await second;
    answer(0, { "session-token": session("older") });
    await first;
    expect(storage.saved).toEqual([session("newer")]);
  });

  it("both tokens are stored if the responses arrive in the order of the requests", async () => {
    const { storage, client, arrived, answer } = await startHeld();
    const first = client.refresh();
    await arrived(1);
    const second = client.refresh();
    await arrived(2);
    answer(0, { "session-token": session("one") });
    await first;
    answer(1, { "session-token": session("two") });
    await second;
    expect(storage.saved).toEqual([session("one"), session("two")]);
  });

  it.each([
    ["a new token", { "session-token": session("late") }, 204, ""],
    ["an empty token", { "session-token": "" }, 204, ""],
    ["a 401", {}, 401, '{"error":"unauthorized","reason":"revoked"}'],
  ])("%s for an earlier session leaves the token of a new login", async (_what, headers, status, body) => {
    const { storage, client, arrived, answer, presented } = await startHeld();
    const late = client.refresh();
    await arrived(1);
    storage.token = session("login", "b");
    answer(0, headers, status, body);
    if (status === 401) {
      // The client tries the token of the new login.
      await arrived(2);
      expect(presented(1)).toBe(`Bearer ${session("login", "b")}`);
      answer(1, {});
    }
    await late;
    expect(storage.saved).toEqual([]);
  });

  it("a token that arrives after a logout is not stored", async () => {
    const { storage, client, arrived, answer } = await startHeld();
    const late = client.refresh();
    await arrived(1);
    const logout = client.revoke();
    await arrived(2);
    answer(1, {});
    await logout;
    answer(0, { "session-token": session("late") });
    await late;
    expect(storage.saved).toEqual([undefined]);
  });

  it("an empty token deletes the stored one, and a header of another name can carry it", async () => {
    const { storage, client, arrived, answer } = await startHeld({ header: "x-session" });
    const first = client.refresh();
    await arrived(1);
    answer(0, { "x-session": session("next"), "session-token": session("other") });
    await first;
    const second = client.refresh();
    await arrived(2);
    answer(1, { "x-session": "" });
    await second;
    expect(storage.saved).toEqual([session("next"), undefined]);
  });

  it("a storage that fails once does not block later requests", async () => {
    const { storage, client, arrived, answer } = await startHeld();
    const { load } = storage;
    storage.load = async () => {
      storage.load = load;
      throw new Error("locked");
    };
    await expect(client.refresh()).rejects.toMatchObject({ status: 0, cause: new Error("locked") });
    const second = client.refresh();
    await arrived(1);
    answer(0, {});
    await second;
  });
});

describe("sessionClient with a token that is bound to a key", () => {
  /** Logs in with a key, and returns a client that creates proofs. */
  async function startBound(options: Partial<DpopOptions> = {}) {
    const prover = await Prover.create();
    const clock = new TestClock();
    const base = "https://api.example.com";
    const prove = (htm: string, url: string, token?: string, nonce?: string) => {
      const htu = base + new URL(url).pathname;
      const iat = Math.floor(clock.now() / 1_000);
      return prover.prove({ htm, htu, iat, nonce, ...(token !== undefined && { ath: toAth(token) }) });
    };
    const { origin, storage } = await startApp({
      clock: clock.now,
      keys: ["k".repeat(32)],
      transports: ["cookie", bearer({ dpop: dpop({ baseUrl: base, ...options }) })],
    });
    const login = async (nonce?: string): Promise<Response> => {
      const headers = { dpop: await prove("POST", `${origin}/login`, undefined, nonce) };
      return fetch(`${origin}/login`, { method: "POST", headers });
    };
    const first = await login();
    const response = first.ok ? first : await login(first.headers.get("dpop-nonce") ?? "");
    storage.token = ((await response.json()) as { token: string }).token;
    const proven = sessionClient({ path: `${origin}/account`, token: Object.assign(storage, { prove }) });
    return { clock, storage, proven };
  }

  it("sends a new proof with each request", async () => {
    const { storage, proven } = await startBound();
    expect(await proven.fetchAll()).toHaveLength(2);
    const before = storage.token;
    await proven.refresh();
    expect(storage.token).not.toBe(before);
    expect((await proven.get())?.userKey).toBe("ann");
    await proven.revoke();
    expect(storage.token).toBeUndefined();
  });

  it("keeps the token after a 401 for a missing proof", async () => {
    const { storage, proven } = await startBound();
    const { token } = storage;
    Object.assign(storage, { prove: undefined });
    await expect(proven.fetchAll()).rejects.toMatchObject({ status: 401, reason: "malformed" });
    expect(storage.token).toBe(token);
  });

  it("uses the latest nonce of the server, and sends a request again for it", async () => {
    const { clock, proven, storage } = await startBound({ nonce: "5m" });
    expect(await proven.fetchAll()).toHaveLength(2);
    clock.advance("4m");
    expect((await proven.get())?.userKey).toBe("ann");
    clock.advance("4m");
    expect((await proven.get())?.userKey).toBe("ann");
    clock.advance("6m");
    await proven.revoke();
    expect(storage.token).toBeUndefined();
  });
});
