/** OWASP ASVS 5.0, chapters V3, V8, V14 and V16: cookies, changed clients and events. */

import { createServer } from "node:http";
import express from "express";
import { type CookieOptions, Manager, type SessionEvents } from "sessionup";
import { clientValidation } from "sessionup/client-validation";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { ContractClient, parseSetCookie } from "../../src/testing/adapter/client.ts";
import { Browser, TestRequest, testSessions } from "../support/browser.ts";
import { listen } from "../support/listen.ts";

/** Returns the cookie that `init` sets with these options. */
async function cookieWith(cookie: CookieOptions) {
  const request = new TestRequest();
  await testSessions(new Manager(memoryStore(), { cookie })).init(request, "ann");
  const [set] = request.cookies;
  if (!set) throw new Error("init must set a cookie");
  return set;
}

const MATRIX: CookieOptions[] = [
  {},
  { path: "/app" },
  { domain: "example.com" },
  { sameSite: "lax" },
  { sameSite: "none" },
  { partitioned: true },
  { path: "/app", domain: "example.com", sameSite: "none", partitioned: true },
];

describe("the cookie", () => {
  it.each(MATRIX)(
    "the cookie is Secure and has the strongest prefix that its attributes allow: %j [asvs 3.3.1]",
    async (options) => {
      const { secure, name } = await cookieWith(options);
      expect(secure).toBe(true);
      const hostOnly = options.path === undefined && options.domain === undefined;
      expect(name).toBe(hostOnly ? "__Host-sessionup" : "__Secure-sessionup");
    },
  );

  it("the cookie name starts with __Host- unless a domain or a path rules it out, and a __Host- name requires its attributes [asvs 3.3.3]", async () => {
    expect((await cookieWith({})).name).toBe("__Host-sessionup");
    for (const broken of [{ domain: "example.com" }, { path: "/app" }, { secure: false }])
      expect(() => new Manager(memoryStore(), { cookie: { name: "__Host-id", ...broken } })).toThrow(
        /^cookie\.name/,
      );
  });

  it.each(MATRIX)(
    "the cookie always has SameSite, which is strict by default: %j [asvs 3.3.2]",
    async (options) => {
      expect((await cookieWith(options)).sameSite).toBe(options.sameSite ?? "strict");
      expect(
        () => new Manager(memoryStore(), { cookie: { ...options, sameSite: "none", secure: false } }),
      ).toThrow(TypeError);
    },
  );

  it("the cookie is HttpOnly by default [asvs 3.3.4]", async () => {
    for (const options of MATRIX) expect((await cookieWith(options)).httpOnly).toBe(true);
  });

  it("the cookie's name and value have at most 4096 bytes, even with name, id and secret at their limits [asvs 3.3.5]", async () => {
    const longest = { name: "n".repeat(128), id: 64, secret: 128 };
    const grown = (length: number) => {
      let count = 0;
      return () => String(count++).padStart(length, "0");
    };
    const make = ({ name, id, secret }: typeof longest) =>
      new Manager(memoryStore(), {
        cookie: { name },
        generateId: grown(id),
        generateSecret: grown(secret),
      });
    const request = new TestRequest();
    await testSessions(make(longest)).init(request, "ann");
    const [cookie] = request.cookies;
    expect(`${cookie?.name}${cookie?.value}`.length).toBeLessThanOrEqual(4_096);
    for (const beyond of [{ name: "n".repeat(129) }, { id: 65 }, { secret: 129 }])
      expect(() => make({ ...longest, ...beyond })).toThrow(TypeError);
  });

  it("a response that sets or clears the cookie has Cache-Control: no-store [asvs 14.3.2]", async () => {
    const sessions = testSessions(new Manager(memoryStore()));
    const browser = new Browser();
    for (const act of [
      (request: TestRequest) => sessions.init(request, "ann"),
      sessions.rotate,
      sessions.revoke,
    ]) {
      const request = browser.request();
      await act(request);
      browser.receive(request);
      expect(request.cookies).toHaveLength(1);
      expect(request.responseHeaders.get("cache-control")).toBe("no-store");
    }
  });

  it("only the cookie authenticates a request, not a token in the URL or in another header [asvs 14.2.1]", async () => {
    const sessions = expressSessions(new Manager(memoryStore()));
    const app = express();
    app.use(express.json(), express.urlencoded());
    app.post("/login", async (req, res) => void res.json(await sessions.init(req, "ann")));
    app.all("/private", sessions.auth(), (_req, res) => void res.json({}));
    const { origin, close } = await listen(createServer(app));
    try {
      const browser = new ContractClient(origin);
      const [line = ""] = (await browser.post("/login")).cookies;
      const { name, value } = parseSetCookie(line);
      expect((await browser.get("/private")).status).toBe(200);
      const stranger = new ContractClient(origin);
      for (const path of ["sid", "token", "sessionup", name].map((key) => `/private?${key}=${value}`))
        expect((await stranger.get(path)).status).toBe(401);
      for (const header of ["authorization", "x-session-id", "x-auth-token", "cookie2", name.toLowerCase()])
        expect((await stranger.get("/private", { [header]: `${name}=${value}` })).status).toBe(401);
    } finally {
      await close();
    }
  });
});

describe("a changed client", () => {
  it("a changed client emits client_changed, and is rejected with onChange: reject [asvs 8.2.4]", async () => {
    for (const onChange of ["report", "reject"] as const) {
      const manager = new Manager(memoryStore(), { validate: clientValidation({ agent: true, onChange }) });
      const sessions = testSessions(manager);
      const changed: (readonly string[])[] = [];
      manager.events.on("client_changed", (event) => changed.push(event.changed));
      const browser = new Browser({
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
      });
      await browser.visit((request) => sessions.init(request, "ann"));
      expect(await browser.visit(sessions.authorize)).toBeUndefined();
      // The User-Agent names a browser but no operating system.
      browser.headers = {
        "user-agent": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      };
      const expected = onChange === "reject" ? "client_changed" : undefined;
      expect(await browser.visit(sessions.authorize)).toBe(expected);
      // A missing operating system counts as unchanged.
      expect(changed).toEqual([["browser"]]);
    }
  });
});

describe("events", () => {
  async function runScenario() {
    const clock = new TestClock();
    const manager = new Manager(memoryStore(), {
      clock: clock.now,
      maxSessions: { max: 1, onExceed: "evict-oldest" },
    });
    const sessions = testSessions(manager);
    const emitted: string[] = [];
    const texts: string[] = [];
    const names = ["created", "ended", "rotated", "rejected", "client_changed", "moved", "error"] as const;
    for (const name of names) {
      manager.events.on(name, (event: SessionEvents[typeof name]) => {
        emitted.push("reason" in event ? `${name} ${event.reason}` : name);
        texts.push(JSON.stringify(event));
      });
    }
    const [browser, second] = [new Browser(), new Browser()];
    const secrets = new Set<string>();
    const keep = () => {
      for (const each of [browser, second])
        for (const value of each.jar.values()) secrets.add(value.split(".")[1] ?? "");
    };
    await browser.visit((request) => sessions.init(request, "ann"));
    keep();
    await second.visit((request) => sessions.init(request, "ann"));
    keep();
    await browser.visit(sessions.authorize);
    await second.visit(sessions.rotate);
    keep();
    await second.visit(sessions.revoke);
    return { emitted, texts, secrets };
  }

  it("each login emits created, and each rejected request emits rejected with a reason [asvs 16.3.1]", async () => {
    const { emitted } = await runScenario();
    expect(emitted.filter((each) => /^(created|rejected)/.test(each))).toEqual([
      "created",
      "created",
      "rejected unknown",
    ]);
  });

  it("each request with an invalid cookie emits rejected once, also on public routes and without middleware [asvs 16.3.1]", async () => {
    const manager = new Manager(memoryStore());
    const sessions = testSessions(manager);
    const reasons: string[] = [];
    manager.events.on("rejected", ({ reason }) => reasons.push(reason));
    const visitor = (cookie?: string) =>
      new TestRequest(cookie === undefined ? {} : { cookie: `__Host-sessionup=${cookie}` });
    const [open, guarded] = [sessions.guards.public(), sessions.guards.auth()];
    const forged = `${"a".repeat(22)}.${"b".repeat(65)}`;
    await open(visitor());
    expect(reasons).toEqual([]);
    await open(visitor("junk"));
    expect(reasons).toEqual(["malformed"]);
    const request = visitor(forged);
    await Promise.all([open(request), sessions.get(request)]);
    await guarded(request);
    expect(reasons).toEqual(["malformed", "unknown"]);
    await sessions.get(visitor(forged));
    await sessions.init(visitor(forged), "ann");
    await guarded(visitor());
    expect(reasons).toEqual(["malformed", "unknown", "unknown", "unknown", "no_cookie"]);
  });

  it("each ended session emits ended with a reason, and each rotation emits rotated, once [asvs 16.3.3]", async () => {
    const { emitted } = await runScenario();
    expect(emitted.filter((each) => /^(ended|rotated)/.test(each))).toEqual([
      "ended evicted",
      "rotated",
      "ended logout",
    ]);
  });

  it("events contain no secret [asvs 16.2.5]", async () => {
    const { texts, secrets } = await runScenario();
    expect(secrets.size).toBe(3);
    for (const secret of secrets) {
      expect(texts.join()).not.toContain(secret);
      expect(texts.join()).not.toContain(secret.slice(0, 22));
    }
  });
});
