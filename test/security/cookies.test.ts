/** OWASP ASVS 5.0, V3, V8, V14 and V16: cookies, who is asking, what is told. */
import { createServer } from "node:http";
import express from "express";
import { type CookieOptions, Manager, type SessionEvents } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { ContractClient, parseSetCookie } from "../../src/testing/adapter/client.ts";
import { Browser, TestRequest, testSessions } from "../support/browser.ts";
import { listen } from "../support/listen.ts";

/** What `init` sets with these options. */
async function cookieWith(cookie: CookieOptions) {
  const request = new TestRequest();
  await testSessions(new Manager(memoryStore(), { cookie })).init(request, "ann");
  const [set] = request.cookies;
  if (!set) throw new Error("no cookie was set");
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
    "is Secure and has the strongest prefix that its attributes allow: %j [asvs 3.3.1]",
    async (options) => {
      const { secure, name } = await cookieWith(options);
      expect(secure).toBe(true);
      const hostOnly = options.path === undefined && options.domain === undefined;
      expect(name).toBe(hostOnly ? "__Host-sessionup" : "__Secure-sessionup");
    },
  );

  it("is __Host- unless it is shared with other hosts or bound to a path, and no such name without what it asks [asvs 3.3.3]", async () => {
    expect((await cookieWith({})).name).toBe("__Host-sessionup");
    for (const broken of [{ domain: "example.com" }, { path: "/app" }, { secure: false }])
      expect(() => new Manager(memoryStore(), { cookie: { name: "__Host-id", ...broken } })).toThrow(
        /^cookie\.name/,
      );
  });

  it.each(MATRIX)("says SameSite, strict unless it is told: %j [asvs 3.3.2]", async (options) => {
    expect((await cookieWith(options)).sameSite).toBe(options.sameSite ?? "strict");
    expect(
      () => new Manager(memoryStore(), { cookie: { ...options, sameSite: "none", secure: false } }),
    ).toThrow(TypeError);
  });

  it("is HttpOnly unless it is told otherwise [asvs 3.3.4]", async () => {
    for (const options of MATRIX) expect((await cookieWith(options)).httpOnly).toBe(true);
  });

  it("has at most 4096 bytes of name and value, whatever the options: at their limits, and none beyond [asvs 3.3.5]", async () => {
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

  it("comes with Cache-Control: no-store, when it is set and when it is cleared [asvs 14.3.2]", async () => {
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

  it("is the only way in: a token in the URL, a body or another header counts for nothing [asvs 14.2.1]", async () => {
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

describe("who is asking", () => {
  it("a client that has changed during the session is told of, and refused where the app says so [asvs 8.2.4]", async () => {
    for (const onChange of ["report", "refuse"] as const) {
      const manager = new Manager(memoryStore(), { validate: { agent: true, onChange } });
      const sessions = testSessions(manager);
      const changed: (readonly string[])[] = [];
      manager.events.on("client_changed", (event) => changed.push(event.changed));
      const browser = new Browser({
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
      });
      await browser.visit((request) => sessions.init(request, "ann"));
      expect(await browser.visit(sessions.authorize)).toBeUndefined();
      // Names a browser and no system.
      browser.headers = {
        "user-agent": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      };
      const refused = onChange === "refuse" ? "client_changed" : undefined;
      expect(await browser.visit(sessions.authorize)).toBe(refused);
      // The request names no system: what it lacks counts as unchanged.
      expect(changed).toEqual([["browser"]]);
    }
  });
});

describe("what is told", () => {
  async function story() {
    const clock = new TestClock();
    const manager = new Manager(memoryStore(), {
      clock: clock.now,
      maxSessions: { max: 1, onExceed: "evict-oldest" },
    });
    const sessions = testSessions(manager);
    const told: string[] = [];
    const texts: string[] = [];
    const names = ["created", "ended", "rotated", "rejected", "client_changed", "error"] as const;
    for (const name of names) {
      manager.events.on(name, (event: SessionEvents[typeof name]) => {
        told.push("reason" in event ? `${name} ${event.reason}` : name);
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
    return { told, texts, secrets };
  }

  it("is each login, and each request that was refused, with its reason [asvs 16.3.1]", async () => {
    const { told } = await story();
    expect(told.filter((each) => /^(created|rejected)/.test(each))).toEqual([
      "created",
      "created",
      "rejected unknown",
    ]);
  });

  it("is each request with a cookie that is not accepted, on public routes and in bare handlers, once a request [asvs 16.3.1]", async () => {
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

  it("is every end of a session, with its reason, and every new secret, once [asvs 16.3.3]", async () => {
    const { told } = await story();
    expect(told.filter((each) => /^(ended|rotated)/.test(each))).toEqual([
      "ended evicted",
      "rotated",
      "ended logout",
    ]);
  });

  it("holds no secret [asvs 16.2.5]", async () => {
    const { texts, secrets } = await story();
    expect(secrets.size).toBe(3);
    for (const secret of secrets) {
      expect(texts.join()).not.toContain(secret);
      expect(texts.join()).not.toContain(secret.slice(0, 22));
    }
  });
});
