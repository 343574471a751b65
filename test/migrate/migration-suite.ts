import { createServer, type RequestListener } from "node:http";
import type { Manager } from "sessionup";
import { beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { listen } from "../support/listen.ts";
import type { User } from "./apps/users.ts";
import { installOldPackages } from "./packages.ts";
import { Visitor } from "./visitor.ts";

const NEW_COOKIE = "__Host-sessionup";
/** The headers that a browser adds to a request from a page of another origin. */
const CROSS_SITE = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

/** The apps of a guide, which have the routes /login, /me, /logout, /email and /logout-everywhere. */
export interface GuideApps {
  /** The app with the old package. */
  readonly before: RequestListener;
  /** The app with sessionup and the middleware that moves sessions. */
  readonly after: RequestListener;
  /** The app that has gone back to the old package. */
  readonly back?: RequestListener;
  readonly manager: Manager;
  readonly users: Map<string, User>;
  /** Closes clients and stops servers. */
  close(): Promise<unknown>;
}

/** The differences between the guides. */
export interface Guide {
  /** The base name of the old cookie. */
  readonly oldCookie: string;
  /** How long an old session lives, in milliseconds. */
  readonly oldLifetime: number;
  /** Whether the old session is only in the cookie, so that nothing can end it. */
  readonly stateless?: boolean;
  /** Lets the new store fail. Returns a function that repairs it. Default: the new session of a very long user key fails. */
  breakStore?(): Promise<() => Promise<void>>;
  /** Whether the guide shows how sessions move back. */
  readonly goesBack?: boolean;
  /** Starts what the apps need, then imports them. */
  load(): Promise<GuideApps>;
  /** Lets the visitor's old session expire. */
  expire(visitor: Visitor): Promise<void>;
  /** Stores a user where the old package looks for it. Returns the user's id. */
  createUser?(id: string): Promise<string>;
  /** Signs a user in with the old app. Default: POST /login. */
  signIn?(origin: string, visitor: Visitor, user: User): Promise<void>;
}

/** Registers the tests that every guide passes. */
export function migrationSuite(guide: Guide): void {
  let apps: GuideApps;
  let before: string;
  let after: string;
  let count = 0;

  beforeAll(async () => {
    await installOldPackages();
    apps = await guide.load();
    const servers = await Promise.all([listen(createServer(apps.before)), listen(createServer(apps.after))]);
    [before, after] = servers.map(({ origin }) => origin) as [string, string];
    return async () => {
      for (const server of servers) await server.close();
      await apps.close();
    };
  }, 600_000);

  async function createUser(name = `user-${++count}`): Promise<User> {
    const id = guide.createUser ? await guide.createUser(name) : name;
    const user: User = { id, password: "correct horse", acceptsOldSessions: true };
    apps.users.set(id, user);
    return user;
  }

  async function signInBefore(given?: User): Promise<Visitor> {
    const user = given ?? (await createUser());
    const visitor = new Visitor();
    if (guide.signIn) await guide.signIn(before, visitor, user);
    else {
      const { id: userId, password } = user;
      const response = await visitor.post(`${before}/login`, { userId, password });
      expect(response.status).toBe(204);
    }
    expect(oldCookies(visitor)).not.toEqual([]);
    await expect(me(before, visitor)).resolves.toBe(user.id);
    return visitor;
  }

  function oldCookies(visitor: Visitor): readonly string[] {
    return [...visitor.jar.keys()].filter((name) =>
      `${name}.`.replace("__Secure-", "").startsWith(`${guide.oldCookie}.`),
    );
  }

  /** Returns who the app says is signed in, or the status of its error. */
  async function me(origin: string, visitor: Visitor): Promise<string | number> {
    const response = await visitor.get(`${origin}/me`);
    if (response.status !== 200) return response.status;
    return ((await response.json()) as { userId: string }).userId;
  }

  const sessionsOf = (user: User) => apps.manager.fetchByUserKey(user.id);

  it("a signed-in user stays signed in at the first request, with a new cookie", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    const oldest = visitor.copy();
    await expect(me(after, visitor)).resolves.toBe(user.id);
    expect(visitor.jar.has(NEW_COOKIE)).toBe(true);
    expect(oldCookies(visitor)).toEqual([]);
    const stillOld = await me(before, oldest);
    expect(stillOld).toBe(guide.stateless ? user.id : 401);
    expect(await sessionsOf(user)).toHaveLength(1);
  });

  it("the second request needs the new cookie only, and a logout ends the session", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    const old = visitor.copy();
    await me(after, visitor);
    const token = visitor.jar.get(NEW_COOKIE);
    await expect(me(after, visitor)).resolves.toBe(user.id);
    expect(visitor.jar.get(NEW_COOKIE)).toBe(token);
    const signedIn = visitor.copy();
    expect((await visitor.post(`${after}/logout`)).status).toBe(204);
    for (const each of [visitor, signedIn]) await expect(me(after, each)).resolves.toBe(401);
    // A stateless cookie cannot be ended, so a copy of it moves once more.
    await expect(me(after, old)).resolves.toBe(guide.stateless ? user.id : 401);
  });

  it("a logout is the first request after the deployment", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    const old = visitor.copy();
    expect((await visitor.post(`${after}/logout`)).status).toBe(204);
    await expect(me(after, visitor)).resolves.toBe(401);
    if (!guide.stateless) await expect(me(before, old)).resolves.toBe(401);
    expect(await sessionsOf(user)).toEqual([]);
  });

  it("a forged old cookie does not move", async () => {
    const visitor = await signInBefore();
    for (const name of oldCookies(visitor)) {
      const value = visitor.jar.get(name) ?? "";
      const middle = Math.floor(value.length / 2);
      const forged = value[middle] === "A" ? "B" : "A";
      visitor.jar.set(name, value.slice(0, middle) + forged + value.slice(middle + 1));
    }
    await expect(me(after, visitor)).resolves.toBe(401);
    expect(visitor.jar.has(NEW_COOKIE)).toBe(false);
  });

  it("an expired old session does not move", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    await guide.expire(visitor);
    await expect(me(after, visitor)).resolves.toBe(401);
    expect(await sessionsOf(user)).toEqual([]);
  });

  it("a session ends no later than the old session would have", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    const latest = Date.now() + guide.oldLifetime;
    await me(after, visitor);
    const [session] = await sessionsOf(user);
    expect(session?.expiresAt.getTime()).toBeLessThanOrEqual(latest);
    expect(session?.expiresAt.getTime()).toBeGreaterThan(latest - 600_000);
  });

  if (!guide.stateless)
    it("parallel requests with the old cookie begin one session", async () => {
      const user = await createUser();
      const visitor = await signInBefore(user);
      const copies = Array.from({ length: 8 }, () => visitor.copy());
      const answers = await Promise.all(copies.map((copy) => me(after, copy)));
      expect(await sessionsOf(user)).toHaveLength(1);
      expect(answers.filter((answer) => answer === user.id)).toHaveLength(1);
      expect(answers.filter((answer) => answer === 401)).toHaveLength(7);
      expect(copies.filter(({ jar }) => jar.has(NEW_COOKIE))).toHaveLength(1);
    });

  it("an unsafe request from another origin moves nothing", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    expect((await visitor.post(`${after}/logout`, {}, CROSS_SITE)).status).toBe(403);
    expect(await sessionsOf(user)).toEqual([]);
    await expect(me(after, visitor)).resolves.toBe(user.id);
  });

  it("a moved session does not count as a recent sign-in", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    await me(after, visitor);
    const rejected = await visitor.post(`${after}/email`);
    expect(rejected.status).toBe(401);
    await expect(rejected.json()).resolves.toMatchObject({ reason: "stale_authentication" });
    const { id: userId, password } = user;
    expect((await visitor.post(`${after}/login`, { userId, password })).status).toBe(204);
    expect((await visitor.post(`${after}/email`)).status).toBe(204);
    expect(await sessionsOf(user)).toHaveLength(1);
  });

  it("sign-out everywhere ends the sessions of devices that have not moved yet", async () => {
    const user = await createUser();
    const [phone, laptop] = [await signInBefore(user), await signInBefore(user)];
    await me(after, phone);
    expect((await phone.post(`${after}/logout-everywhere`)).status).toBe(204);
    for (const device of [phone, laptop]) await expect(me(after, device)).resolves.toBe(401);
  });

  if (guide.stateless)
    it("no old cookie moves after OLD_COOKIES_UNTIL", async () => {
      const user = await createUser();
      const visitor = await signInBefore(user);
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + guide.oldLifetime + 60_000 });
      onTestFinished(() => void vi.useRealTimers());
      await expect(me(after, visitor)).resolves.toBe(401);
      expect(await sessionsOf(user)).toEqual([]);
    });

  it("a session of a deleted user does not move", async () => {
    const user = await createUser();
    const visitor = await signInBefore(user);
    apps.users.delete(user.id);
    await expect(me(after, visitor)).resolves.toBe(401);
    expect(await sessionsOf(user)).toEqual([]);
  });

  if (!guide.stateless)
    it("the old session stays when the new one cannot begin", async () => {
      // A user key has at most 1 kB.
      const user = await createUser(guide.breakStore ? undefined : "x".repeat(1_025));
      const visitor = await signInBefore(user);
      const repair = await guide.breakStore?.();
      const response = await visitor.get(`${after}/me`);
      expect(response.status).toBe(repair ? 503 : 500);
      await repair?.();
      await expect(me(before, visitor)).resolves.toBe(user.id);
      await expect(me(after, visitor)).resolves.toBe(repair ? user.id : 500);
    });

  if (guide.goesBack)
    it("after going back, the user stays signed in with the old package", async () => {
      const server = await listen(createServer(apps.back ?? apps.before));
      onTestFinished(() => server.close());
      const user = await createUser();
      const visitor = await signInBefore(user);
      await me(after, visitor);
      await expect(me(server.origin, visitor)).resolves.toBe(user.id);
      expect(visitor.jar.has(NEW_COOKIE)).toBe(false);
      await expect(me(before, visitor)).resolves.toBe(user.id);
      expect(await sessionsOf(user)).toEqual([]);
    });
}
