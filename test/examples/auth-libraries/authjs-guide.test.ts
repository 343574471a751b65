/** What docs/guides/authjs.md says about Auth.js is true, the effects of mistakes included. */
import { createServer } from "node:http";
import express, { type Request, type RequestHandler } from "express";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { beforeAll, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";
import type { Example } from "../../support/walk.ts";
import { beginAtAuthjs } from "./begin-at-authjs.ts";
import { Browser, type Page } from "./browser.ts";
import { completeLogin, startProvider } from "./oauth-suite.ts";
import { importFrom, installExamples } from "./packages.ts";

interface Login {
  readonly account?: { readonly providerAccountId: string } | null;
  readonly user: { readonly id?: string };
  readonly token: object;
}

interface Parts {
  /** More options of the providers. */
  readonly provider?: object;
  readonly adapter?: unknown;
  readonly callbacks?: Record<string, (login: Login) => unknown>;
  readonly events?: Record<string, (login: Login) => unknown>;
}

const NAMES = ["authjs.session-token", "__Host-sessionup"];

let provider: Example;
beforeAll(async () => {
  await installExamples("authjs");
  provider = await startProvider();
  process.env.AUTH_SECRET = "the secret of Auth.js, which is long";
  return () => provider.stop();
}, 600_000);

const manager = new Manager(memoryStore(), { cookie: { sameSite: "lax" } });
const sessions = expressSessions(manager);

/** Runs an app with a wrong configuration. */
async function withMistake(
  create: (req: Request) => Parts,
  use: (origin: string, logIn: (name: string, at?: string) => Promise<[Browser, Page]>) => Promise<void>,
): Promise<void> {
  const { ExpressAuth } = await importFrom<{ ExpressAuth(config: object): RequestHandler }>(
    "authjs",
    "@auth/express",
  );
  const client = { type: "oidc", issuer: provider.origin, clientSecret: "not-a-secret" };
  const app = express();
  app.use("/auth", (req, res, next) => {
    const { provider: more, ...parts } = create(req);
    const providers = [
      { ...client, ...more, id: "local", name: "home", clientId: "authjs" },
      { ...client, ...more, id: "work", name: "work", clientId: "authjs-work" },
    ];
    const config = { providers, session: { strategy: "jwt" }, logger: { error() {} }, ...parts };
    return ExpressAuth(config)(req, res, next);
  });
  app.get("/", (_req, res) => void res.send("Hello"));
  const { origin, close } = await listen(createServer(app));
  const own = origin.replace("127.0.0.1", "localhost");
  try {
    await use(own, async (name, at) => {
      const browser = new Browser();
      const page = await completeLogin(browser, await beginAtAuthjs(browser, own, at), name);
      return [browser, page];
    });
  } finally {
    await close();
  }
}

it("a session cookie of Auth.js survives the revocation", async () => {
  const jwt = async (req: Request, { account, token }: Login) => {
    if (account) await sessions.init(req, account.providerAccountId);
    return token;
  };
  await withMistake(
    (req) => ({ callbacks: { jwt: (login) => jwt(req, login) } }),
    async (origin, logIn) => {
      const [browser] = await logIn("ann");
      expect([...browser.jar(origin).keys()]).toEqual(expect.arrayContaining(NAMES));
      await manager.revokeByUserKey("ann");
      const { text } = await browser.get(`${origin}/auth/session`);
      expect(JSON.parse(text)).toMatchObject({ user: { email: "ann@example.com" } });
    },
  );
});

it("callbacks.signIn runs before Auth.js rejects an account", async () => {
  const { adapter } = (await import("../../../examples/authjs/users.ts")) as { adapter: object };
  const signIn = async (req: Request, { account }: Login) => {
    await sessions.init(req, account?.providerAccountId ?? "");
    return true;
  };
  await withMistake(
    (req) => ({ adapter, callbacks: { signIn: (login) => signIn(req, login), jwt: () => null } }),
    async (origin, logIn) => {
      await logIn("bob", "work");
      const [browser, page] = await logIn("bob");
      expect(page.url.search).toContain("OAuthAccountNotLinked");
      expect([...browser.jar(origin).keys()]).toContain("__Host-sessionup");
    },
  );
});

it("events.signIn hides an error of init", async () => {
  const fail = async (req: Request) => void (await sessions.init(req, "x".repeat(1_100)));
  await withMistake(
    (req) => ({ events: { signIn: () => fail(req) } }),
    async (origin, logIn) => {
      const [browser, page] = await logIn("carol");
      expect(page.url.href).toBe(`${origin}/`);
      expect([...browser.jar(origin).keys()]).toContain("authjs.session-token");
      expect([...browser.jar(origin).keys()]).not.toContain("__Host-sessionup");
    },
  );
});

it("without an adapter, each login has another user.id", async () => {
  const seen: unknown[] = [];
  const jwt = ({ user }: Login) => {
    seen.push(user.id);
    return null;
  };
  await withMistake(
    () => ({ callbacks: { jwt } }),
    async (_origin, logIn) => {
      await logIn("dora");
      await logIn("dora");
      expect(new Set(seen).size).toBe(2);
    },
  );
});

it("the sign-out of Auth.js does not end the session of sessionup", async () => {
  const jwt = async (req: Request, { account }: Login) => {
    if (account) await sessions.init(req, account.providerAccountId);
    return null;
  };
  await withMistake(
    (req) => ({ callbacks: { jwt: (login) => jwt(req, login) } }),
    async (origin, logIn) => {
      const [browser] = await logIn("ed");
      const page = await browser.submit(await browser.get(`${origin}/auth/signout`));
      expect(page.url.href).toBe(`${origin}/`);
      expect(await manager.fetchByUserKey("ed")).toHaveLength(1);
    },
  );
});

it.each([
  ["rejects", undefined],
  ["accepts with crossOrigin", "allow"],
] as const)("init %s a login that the provider posts", async (_title, crossOrigin) => {
  const jwt = async (req: Request, { account }: Login) => {
    if (account) await sessions.init(req, account.providerAccountId, crossOrigin && { crossOrigin });
    return null;
  };
  const provider = {
    checks: ["state", "nonce"],
    authorization: { params: { response_mode: "form_post" } },
  };
  await withMistake(
    (req) => ({ provider, callbacks: { jwt: (login) => jwt(req, login) } }),
    async (origin, logIn) => {
      const [browser, page] = await logIn("finn");
      const { url } = await browser.submit(page); // the script of the provider's page does this
      expect(url.pathname).toBe(crossOrigin ? "/" : "/auth/error");
      expect(browser.jar(origin).has("__Host-sessionup")).toBe(crossOrigin === "allow");
    },
  );
});
