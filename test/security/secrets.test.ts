import { createServer } from "node:http";
import { inspect } from "node:util";
import express from "express";
import { Manager, SessionError, type SessionEvents, type Store } from "sessionup";
import { clientValidation } from "sessionup/client-validation";
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

/** Formats a value with everything that an app, a client or a log could see of it. */
function format(value: unknown): string {
  return inspect(value, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null });
}

/** Runs with the console's methods visible to the witness, and restores the methods afterwards. */
async function withConsole(witness: Witness, run: () => Promise<void>): Promise<void> {
  const spies = (["log", "info", "warn", "error", "debug", "trace"] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation((...given) => witness.see(`console.${method}`, given)),
  );
  try {
    await run();
    // Rejections of listeners are reported in a later turn.
    await new Promise(setImmediate);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe("secrets on every path through the library", () => {
  const tally = new Tally();
  let kept = 0;

  describe.each(Object.entries(PATHS))("%s", (_name, path) => {
    it("no secret, hash or key appears in answers, errors, events, logs, inspections or JSON [asvs 3.3.4]", async () => {
      const witness = new Witness();
      await withConsole(witness, () => path(starter(witness, tally)));
      expect(witness.leaks()).toEqual([]);
      kept += witness.size;
    });
  });

  describe("coverage of the paths", () => {
    it("the paths use more than 1,000 secrets", () => {
      expect(kept).toBeGreaterThan(1_000);
    });

    it.each([
      ["Manager", membersOf("Manager")],
      ["Sessions", membersOf("Sessions")],
    ])("the paths use every public member of %s", (name, members) => {
      expect(members.length).toBeGreaterThan(5);
      expect(tally.names(name)).toEqual(expect.arrayContaining(members));
    });

    it.each([
      ["options", "ManagerOptions"],
      ["cookie", "CookieOptions"],
      ["client", "ClientOptions"],
      ["recognize", "RecognitionOptions", "recognition/recognition.ts"],
      ["validate", "ClientValidationOptions", "client-validation/client-validation.ts"],
      ["init", "InitOptions"],
      ["auth", "PublicOptions"],
      ["auth", "StepUpOptions"],
    ])("the paths set every option (%s) of %s", (kind, type, entry = "index.ts") => {
      expect(tally.names(kind)).toEqual(expect.arrayContaining(membersOf(type, entry)));
    });

    it.each([
      ["codes", textsOf("SessionErrorCode")],
      ["reasons", textsOf("UnauthorizedReason")],
      ["ends", textsOf("EndReason")],
      ["rejections", ["cross_origin"]],
      ["actions", ["end", "reject", "report"]],
      ["events", membersOf("SessionEvents")],
    ])("the paths reach every value of %s", (kind, all) => {
      expect(all).not.toEqual([]);
      expect(tally.names(kind)).toEqual(expect.arrayContaining(all));
    });
  });
});

describe("an app over HTTP", () => {
  it("a secret appears only in Set-Cookie, and its hash only in the store [asvs 3.3.4]", async () => {
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
    const manager = new Manager(store, {
      clock: clock.now,
      validate: clientValidation({ agent: true, onChange: "report" }),
    });
    const sessions = expressSessions(manager);
    const seen: string[] = [];
    const heard = new Set<string>();
    for (const name of EVENTS) {
      manager.events.on(name, (event: SessionEvents[typeof name]) => {
        heard.add(name);
        seen.push(format(event));
      });
    }
    const consoles = (["log", "info", "warn", "error", "debug"] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation((...given) => void seen.push(format(given))),
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
      // The request itself has the Cookie header. The state that sessionup adds to it must not contain the secret.
      const own = Object.getOwnPropertySymbols(req).filter(({ description }) => description === "sessionup");
      expect(own).toHaveLength(1);
      seen.push(...own.map((symbol) => format(Reflect.get(req, symbol))));
      res.json(await sessions.fetchAll(req));
    });
    app.post("/others", sessions.auth(), async (req, res) => void res.json(await sessions.revokeOther(req)));
    app.post(
      "/foreign",
      sessions.auth(),
      async (req, res) => void res.json(await sessions.revokeOwn(req, "0".repeat(22))),
    );
    app.get("/throw", sessions.auth(), () => {
      throw new Error("an error of the app");
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
        seen.push(answer.text, format([...answer.headers].filter(([name]) => name !== "set-cookie")));
        down = true;
        seen.push((await new ContractClient(origin, { cookie: old }).send(method, path)).text);
        down = false;
      }
      clock.advance("1m");
    }
    seen.push(format(manager), format(sessions), format(app.locals), format(inner));
    seen.push(format(new SessionError("ERR_STORE", "down")));
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
          `a secret or its hash appears after: ${textBefore(everything, text)}`,
        ).toBe(false);
      }
    }
  });
});

function textBefore(everything: string, text: string): string {
  const at = everything.indexOf(text);
  return everything.slice(Math.max(0, at - 200), at);
}
