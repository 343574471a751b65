/** `req.session` under packages that expect express-session. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RequestHandler } from "express";
import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "../build.ts";
import { Browser } from "./_browser.ts";
import { EXPRESS, type Handler, startSite, USER, VISITOR } from "./_site.ts";
import { importPackage, PACKAGES } from "./packages.ts";

/** The methods that the packages add to a request. */
interface Extended {
  flash(type: string, message?: string): readonly string[];
  csrfToken(): string;
}

interface CsrfSync {
  readonly csrfSynchronisedProtection: RequestHandler;
}

type Grant = { express(): (config: object) => RequestHandler };

let compression: () => RequestHandler;
let flash: () => RequestHandler;
let csrfSync: () => CsrfSync;
let grant: Grant;
let Provider: new (issuer: string, config: object) => { callback(): RequestListener };

beforeAll(async () => {
  compression = (await importPackage("compression")).default as typeof compression;
  flash = (await importPackage("connect-flash")).default as typeof flash;
  csrfSync = (await importPackage("csrf-sync")).csrfSync as typeof csrfSync;
  grant = (await importPackage("grant")).default as Grant;
  Provider = (await importPackage("oidc-provider")).default as typeof Provider;
}, 600_000);

it("an app compiles with the types of express-session", async () => {
  await expect(compile(PACKAGES, "types")).resolves.toBeUndefined();
});

describe.each([...EXPRESS])("packages that expect req.session, on %s", (_version, express) => {
  /** Runs middleware behind that of the session. */
  const behind =
    (middleware: () => RequestHandler, handler: Handler): Handler =>
    (req, res, next) =>
      middleware()(req as never, res, (error?: unknown) => (error ? next(error) : handler(req, res, next)));

  it.each(["a visitor", "a user"])("connect-flash shows a message once, to %s", async (who) => {
    await using site = await startSite(
      behind(flash, (req, res) => {
        const { flash: show } = req as unknown as Extended;
        if (req.path === "/save") {
          show.call(req, "info", "saved");
          return res.redirect("/");
        }
        return res.json(show.call(req, "info"));
      }),
      { express },
    );
    const browser = site.open();
    if (who === "a user") await browser.post("/login");
    expect((await browser.post("/save")).status).toBe(302);
    expect([...browser.jar.keys()]).toEqual([who === "a user" ? USER : VISITOR]);
    expect((await browser.get()).text).toBe('["saved"]');
    expect((await browser.get()).text).toBe("[]");
  });

  it("csrf-sync accepts its own token only, and no token from before the login", async () => {
    const { csrfSynchronisedProtection } = csrfSync();
    await using site = await startSite(
      behind(
        () => csrfSynchronisedProtection,
        (req, res) => res.end(req.method === "GET" ? (req as unknown as Extended).csrfToken() : "accepted"),
      ),
      { express },
    );
    const browser = site.open();
    const { text: token } = await browser.get();
    expect(token).toHaveLength(256);
    expect((await browser.get()).text).toBe(token);
    expect((await browser.post("/", { "x-csrf-token": token })).text).toBe("accepted");
    expect((await browser.post("/", { "x-csrf-token": "forged" })).status).toBe(403);
    expect((await browser.post("/")).status).toBe(403);
    expect((await site.open().post("/", { "x-csrf-token": token })).status).toBe(403);
    await browser.post("/login");
    expect((await browser.post("/", { "x-csrf-token": token })).status).toBe(403);
    const { text: next } = await browser.get();
    expect(next).not.toBe(token);
    expect((await browser.post("/", { "x-csrf-token": next })).text).toBe("accepted");
  });

  it.each(["before", "behind"])("compression, %s the middleware, waits for the save", async (where) => {
    const body = "text ".repeat(2_000);
    const handler: Handler = (req, res) => {
      req.session.seen = true;
      if (req.path === "/send") return res.type("text").send(body);
      res.type("text").write(body);
      return res.end(body);
    };
    const before = where === "before" && {
      before: (app: { use(handler: RequestHandler): unknown }) => void app.use(compression()),
    };
    await using site = await startSite(where === "before" ? handler : behind(compression, handler), {
      express,
      ...before,
    });
    for (const [path, text] of [
      ["/send", body],
      ["/", body + body],
    ] as const) {
      const browser = site.open();
      const answer = await browser.get(path);
      expect(answer.headers.get("content-encoding")).toBe("gzip");
      expect(answer.text).toBe(text);
      expect([...browser.jar.keys()]).toEqual([VISITOR]);
      site.store.fail("create");
      expect((await site.open().get(path)).status).toBe(503);
    }
  });

  it("grant logs a user in with an OpenID provider, and keeps its state with the visitor", async () => {
    await using provider = await startProvider();
    let connect: RequestHandler | undefined;
    await using site = await startSite(
      (req, res, next) => {
        if (req.path.startsWith("/connect")) return connect?.(req as never, res, next);
        const { grant: granted } = req.session as { grant?: { response?: { jwt?: Jwt } } };
        const subject = granted?.response?.jwt?.id_token.payload.sub;
        if (req.path !== "/done" || !subject) return res.json(req.session);
        return site.sessions.init(req, subject).then(() => res.end(subject));
      },
      { express },
    );
    connect = grant.express()({
      defaults: { origin: site.origin, transport: "session", state: true, nonce: true },
      local: {
        oauth: 2,
        authorize_url: `${provider.issuer}/auth`,
        access_url: `${provider.issuer}/token`,
        key: "app",
        secret: "secret of the app",
        token_endpoint_auth_method: "client_secret_basic",
        scope: ["openid"],
        callback: "/done",
        response: ["tokens", "jwt"],
      },
    });
    provider.allow(`${site.origin}/connect/local/callback`);

    const browser = site.open();
    const begun = await browser.get("/connect/local");
    expect(begun.status).toBe(302);
    expect(begun.cookies.get(VISITOR)?.sameSite).toBe("lax");
    const callback = await provider.signIn(begun.headers.get("location") ?? "", "user-7");

    // Another visitor has another state.
    const other = site.open();
    await other.get("/connect/local");
    const rejected = await other.get(callback);
    expect((await other.get(rejected.headers.get("location") ?? "")).text).toContain("state mismatch");

    const returned = await browser.get(callback);
    expect(returned.headers.get("location")).toBe("/done");
    expect((await browser.get("/done")).text).toBe("user-7");
    expect([...browser.jar.keys()]).toEqual([USER]);
    expect(await site.manager.fetchByUserKey("user-7")).toHaveLength(1);
    expect((await browser.get("/")).text).not.toContain("token");
  });
});

interface Jwt {
  readonly id_token: { readonly payload: { readonly sub: string } };
}

/** Starts an OpenID provider whose users type any name. */
async function startProvider() {
  const server: Server = createServer();
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    allow(redirectUri: string): void {
      const client = { client_id: "app", client_secret: "secret of the app", redirect_uris: [redirectUri] };
      const provider = new Provider(issuer, {
        clients: [client],
        cookies: { keys: ["a key of the provider's cookies"] },
        pkce: { required: () => false },
        findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
      });
      server.on("request", provider.callback());
    },
    /** Types the name in the provider's form, and returns the address to which the provider sends the browser. */
    async signIn(start: string, login: string): Promise<string> {
      const browser = new Browser(issuer);
      let answer = await browser.get(start);
      for (let step = 0; step < 20; step++) {
        const location = answer.headers.get("location");
        if (location && !new URL(location, issuer).href.startsWith(issuer)) return location;
        const action = /action="([^"]+)"/.exec(answer.text)?.[1];
        const prompt = /name="prompt" value="([^"]+)"/.exec(answer.text)?.[1];
        if (location) answer = await browser.get(location);
        else if (action && prompt)
          answer = await browser.request(action, {
            method: "POST",
            body: new URLSearchParams({ prompt, login, password: "any" }),
            headers: { "content-type": "application/x-www-form-urlencoded" },
          });
        else throw new Error(`The provider answered ${answer.status}: ${answer.text.slice(0, 300)}`);
      }
      throw new Error("The provider never sent the browser back.");
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
