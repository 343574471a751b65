import { createServer } from "node:http";
import { inspect } from "node:util";
import express from "express";
import { Manager, SessionError, type SessionEvents, type Store } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it, vi } from "vitest";
import { hashRoot, hashText, type Secret } from "../../src/cookie/token.ts";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { membersOf, textsOf } from "../support/declared.ts";
import { listen } from "../support/listen.ts";
import { PATHS, starter } from "./_secret-paths.ts";
import { EVENTS, Tally } from "./_watched-site.ts";
import { Witness } from "./witness.ts";

/** Everything that anybody could see, as text. */
function shown(value: unknown): string {
  return inspect(value, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null });
}

/** Runs with the console's methods seen by the witness, and put back whatever happens. */
async function traced(witness: Witness, run: () => Promise<void>): Promise<void> {
  const spies = (["log", "info", "warn", "error", "debug", "trace"] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation((...given) => witness.see(`console.${method}`, given)),
  );
  try {
    await run();
    // What listeners reject with comes later.
    await new Promise(setImmediate);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe("every path on which there are secrets", () => {
  const tally = new Tally();
  let kept = 0;

  describe.each(Object.entries(PATHS))("%s", (_name, path) => {
    it("shows no secret, hash or key in answers, errors, events, logs, inspections and JSON [asvs 3.3.4]", async () => {
      const witness = new Witness();
      await traced(witness, () => path(starter(witness, tally)));
      expect(witness.leaks()).toEqual([]);
      kept += witness.size;
    });
  });

  describe("all together", () => {
    it("hand out secrets to look for", () => {
      expect(kept).toBeGreaterThan(1_000);
    });

    it.each([
      ["Manager", membersOf("Manager")],
      ["Sessions", membersOf("Sessions")],
    ])("drive every public member of %s", (name, members) => {
      expect(members.length).toBeGreaterThan(5);
      expect(tally.of(name)).toEqual(expect.arrayContaining(members));
    });

    it.each([
      ["options", "ManagerOptions"],
      ["cookie", "CookieOptions"],
      ["client", "ClientOptions"],
      ["recognize", "RecognitionOptions", "recognition/recognition.ts"],
      ["validate", "ValidateOptions"],
      ["init", "InitOptions"],
      ["auth", "PublicOptions"],
      ["auth", "StepUpOptions"],
    ])("set every one of the %s: %s", (kind, type, entry = "index.ts") => {
      expect(tally.of(kind)).toEqual(expect.arrayContaining(membersOf(type, entry)));
    });

    it.each([
      ["codes", textsOf("SessionErrorCode")],
      ["reasons", textsOf("UnauthorizedReason")],
      ["ends", textsOf("EndReason")],
      ["rejections", ["cross_origin"]],
      ["actions", ["end", "refuse", "report"]],
      ["events", membersOf("SessionEvents")],
    ])("come to all that there is of %s", (kind, all) => {
      expect(all).not.toEqual([]);
      expect(tally.of(kind)).toEqual(expect.arrayContaining(all));
    });
  });
});

describe("a secret", () => {
  it("is in Set-Cookie and nowhere else, and its hash in the store alone [asvs 3.3.4]", async () => {
    const clock = new TestClock();
    const inner = memoryStore();
    let down = false;
    const store: Store = {
      ...Object.fromEntries(
        (["create", "fetchByIds", "fetchByUserKey", "update", "deleteById", "deleteByUserKey"] as const).map(
          (method) => [
            method,
            (...given: [never, never, never]) =>
              (inner[method] as (...all: unknown[]) => unknown).call(inner, ...given),
          ],
        ),
      ),
      fetchById: async (id: string) => {
        if (down) throw new Error("connect ECONNREFUSED");
        return inner.fetchById(id);
      },
    } as Store;
    const manager = new Manager(store, { clock: clock.now, validate: { agent: true, onChange: "report" } });
    const sessions = expressSessions(manager);
    const seen: string[] = [];
    const heard = new Set<string>();
    for (const name of EVENTS) {
      manager.events.on(name, (event: SessionEvents[typeof name]) => {
        heard.add(name);
        seen.push(shown(event));
      });
    }
    const consoles = (["log", "info", "warn", "error", "debug"] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation((...given) => void seen.push(shown(given))),
    );

    const app = express();
    app.post("/login", async (req, res) => void res.json(await sessions.init(req, "ann")));
    app.post(
      "/rotate",
      sessions.auth(),
      async (req, res) => void res.json((await sessions.rotate(req)) ?? null),
    );
    app.post(
      "/reauthenticate",
      async (req, res) => void res.json((await sessions.reauthenticate(req)) ?? null),
    );
    app.get("/list", sessions.auth(), async (req, res) => {
      // The request itself has the Cookie header; what we have put on it must not.
      const own = Object.getOwnPropertySymbols(req).filter(({ description }) => description === "sessionup");
      expect(own).toHaveLength(1);
      seen.push(...own.map((symbol) => shown(Reflect.get(req, symbol))));
      res.json(await sessions.fetchAll(req));
    });
    app.post("/others", sessions.auth(), async (req, res) => void res.json(await sessions.revokeOther(req)));
    app.post(
      "/foreign",
      sessions.auth(),
      async (req, res) => void res.json(await sessions.revokeOwn(req, "0".repeat(22))),
    );
    app.get("/throw", sessions.auth(), () => {
      throw new Error("the app's own");
    });
    app.post("/logout", async (req, res) => void res.json((await sessions.revoke(req)) ?? null));
    const { origin, close } = await listen(createServer(app));

    const secrets = new Set<string>();
    const requests: [string, string][] = [
      ["POST", "/login"],
      ["GET", "/list"],
      ["POST", "/rotate"],
      ["GET", "/list"],
      ["POST", "/reauthenticate"],
      ["GET", "/throw"],
      ["POST", "/others"],
      ["POST", "/foreign"],
      ["POST", "/logout"],
      ["GET", "/list"],
    ];
    const clients = [new ContractClient(origin), new ContractClient(origin, { "user-agent": "curl/8.7.1" })];
    for (const [method, path] of requests) {
      for (const client of clients) {
        const old = client.cookieHeader();
        const answer = await client.send(method, path);
        for (const value of client.jar.values()) secrets.add(value.split(".")[1] ?? "");
        seen.push(answer.text, shown([...answer.headers].filter(([name]) => name !== "set-cookie")));
        down = true;
        seen.push((await new ContractClient(origin, { cookie: old }).send(method, path)).text);
        down = false;
      }
      clock.advance("1m");
    }
    seen.push(shown(manager), shown(sessions), shown(app.locals), shown(inner));
    seen.push(shown(new SessionError("ERR_STORE", "down")));
    await close();
    for (const spy of consoles) spy.mockRestore();

    expect(secrets.size).toBe(6);
    const everything = seen.join("\n");
    expect([...heard].sort()).toEqual(["created", "ended", "error", "rejected", "rotated"]);
    for (const secret of secrets) {
      for (const text of [
        secret,
        secret.slice(0, 22),
        secret.slice(22),
        hashText(secret),
        hashRoot(secret as Secret),
      ]) {
        expect(
          everything.includes(text),
          `a secret or its hash is shown near: ${near(everything, text)}`,
        ).toBe(false);
      }
    }
  });
});

function near(everything: string, text: string): string {
  const at = everything.indexOf(text);
  return everything.slice(Math.max(0, at - 200), at);
}
