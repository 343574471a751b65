import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import express from "express";
import { Manager, SessionError } from "sessionup";
import { contextSessions } from "sessionup/context";
import { expressSessions } from "sessionup/express";
import { fetchSessions } from "sessionup/fetch";
import { memoryStore } from "sessionup/stores/memory";
import { afterEach, describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";

const closing: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Starts an app whose handlers do not pass the request on. */
async function start() {
  const manager = new Manager(memoryStore());
  const users = expressSessions(manager);
  const admins = expressSessions(manager.with({ cookie: { name: "admin" } }));
  const user = contextSessions(users);
  const admin = contextSessions(admins);
  const app = express();
  app.set("env", "test");
  app.use((req, _res, next) => user.run(req, next));
  app.use("/admin", (req, _res, next) => admin.run(req, next));
  app.post("/login", async (req, res) => {
    res.json({ id: (await user.init(String(req.query.user))).id });
  });
  app.post("/admin/login", async (_req, res) => {
    await admin.init("root");
    res.json({});
  });
  const names = async () => {
    await wait(Math.random() * 5);
    return (await user.get())?.userKey ?? null;
  };
  app.get("/deep", async (_req, res) => {
    res.json(await Promise.all([names(), names()]));
  });
  app.get("/admin/both", async (_req, res) => {
    res.json([(await admin.get())?.userKey ?? null, await names()]);
  });
  app.get("/require", async (_req, res) => {
    const error: unknown = await user.require().catch((thrown: unknown) => thrown);
    res.json(SessionError.is(error) ? error.reason : "in");
  });
  app.get("/admin-outside", async (_req, res) => {
    res.json(await admin.get().catch((error: Error) => error.message));
  });
  app.get("/list", async (_req, res) => {
    res.json(await user.fetchAll());
  });
  app.post("/logout", async (_req, res) => {
    await user.revoke();
    res.json(await names());
  });
  const { origin, close } = await listen(createServer(app));
  closing.push(close, () => manager.close());
  return { client: () => new ContractClient(origin), user };
}

describe("sessionup/context", () => {
  it("contextSessions finds the session at any call depth in concurrent requests", async () => {
    const { client } = await start();
    const users = Array.from({ length: 40 }, (_, index) => ({ name: `user-${index}`, own: client() }));
    await Promise.all(users.map(({ name, own }) => own.post(`/login?user=${name}`)));
    const answers = await Promise.all(users.map(({ own }) => own.get("/deep")));
    expect(answers.map((answer) => answer.json())).toEqual(users.map(({ name }) => [name, name]));
    expect((await client().get("/deep")).json()).toEqual([null, null]);
  });

  it("contextSessions sets and clears cookies and lists sessions", async () => {
    const { client } = await start();
    const own = client();
    await own.post("/login?user=ann");
    expect((await own.get("/list")).json()).toMatchObject([{ current: true }]);
    expect((await own.post("/logout")).json()).toBeNull();
    expect(own.jar.size).toBe(0);
    expect((await own.get("/require")).json()).toBe("no_cookie");
  });

  it("two managers keep their contexts apart", async () => {
    const { client } = await start();
    const own = client();
    await own.post("/login?user=ann");
    expect((await own.get("/admin/both")).json()).toEqual([null, "ann"]);
    await own.post("/admin/login");
    expect((await own.get("/admin/both")).json()).toEqual(["root", "ann"]);
    expect((await own.get("/admin-outside")).json()).toMatch(
      /^sessionup\/context: there is no current request/,
    );
  });

  it("a call outside run rejects and names the missing call", async () => {
    const { user } = await start();
    await expect(user.get()).rejects.toThrow(
      new TypeError(
        "sessionup/context: there is no current request. Call run(context, next) in the app's first middleware.",
      ),
    );
    expect(() => user.run(undefined as never, () => 1)).toThrow(/^run: context must be/);
    expect(() => user.run({ headers: {} }, undefined as never)).toThrow(/callback a function/);
  });

  it("the inner of two nested requests is the current one, and run returns the callback's result", async () => {
    const sessions = fetchSessions(new Manager(memoryStore()));
    const bound = contextSessions(sessions);
    const inner = sessions.public((context) =>
      bound.run(context, async () => new Response((await bound.get())?.userKey ?? "guest")),
    );
    const outer = sessions.public((context) =>
      bound.run(context, async () => {
        await bound.init("ann");
        const other = await inner(new Request("http://localhost/"));
        return new Response(`${(await bound.get())?.userKey} and ${await other.text()}`);
      }),
    );
    expect(await (await outer(new Request("http://localhost/"))).text()).toBe("ann and guest");
  });
});
