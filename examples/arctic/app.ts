import {
  CodeChallengeMethod,
  decodeIdToken,
  generateCodeVerifier,
  generateState,
  OAuth2Client,
  OAuth2RequestError,
} from "arctic";
import { parseCookie } from "cookie";
import express from "express";
import { sessionRoutes } from "sessionup/routes";
import { sessions } from "./sessions.ts";

const issuer = process.env.ISSUER ?? "http://localhost:9000";
const origin = process.env.BASE_URL ?? "http://localhost:8080";
const client = new OAuth2Client("arctic", "not-a-secret", `${origin}/login/callback`);

/** The cookie that binds a login to the browser in which it began. */
const STARTED = "started-login";
const attributes = { httpOnly: true, secure: true, sameSite: "lax", path: "/login" } as const;

/** Exchanges a code. Returns the provider's id of the user, or `undefined` if the provider rejects the code. */
async function fetchSubject(code: string, verifier: string): Promise<string | undefined> {
  try {
    const tokens = await client.validateAuthorizationCode(`${issuer}/token`, code, verifier);
    // The provider itself sent the token, so decoding is enough.
    const claims: { readonly sub?: unknown } = decodeIdToken(tokens.idToken());
    return typeof claims.sub === "string" ? claims.sub : undefined;
  } catch (error) {
    if (error instanceof OAuth2RequestError) return undefined;
    throw error;
  }
}

export const app = express();

app.get("/login", (_req, res) => {
  const [state, verifier] = [generateState(), generateCodeVerifier()];
  const scopes = ["openid", "profile"];
  const method = CodeChallengeMethod.S256;
  const url = client.createAuthorizationURLWithPKCE(`${issuer}/auth`, state, method, verifier, scopes);
  res.cookie(STARTED, `${state}.${verifier}`, { ...attributes, maxAge: 600_000 });
  res.redirect(url.href);
});

app.get("/login/callback", async (req, res) => {
  const [state, verifier] = parseCookie(req.headers.cookie ?? "")[STARTED]?.split(".") ?? [];
  res.clearCookie(STARTED, attributes);
  const { code } = req.query;
  if (!state || !verifier || req.query.state !== state || typeof code !== "string")
    return void res.status(400).send("Please start again.");
  const subject = await fetchSubject(code, verifier);
  if (!subject) return void res.status(400).send("Please start again.");
  await sessions.init(req, `local:${subject}`);
  res.redirect("/");
});

app.post("/logout", async (req, res) => {
  await sessions.revoke(req);
  res.redirect(303, "/");
});

app.use(sessionRoutes(sessions, { path: "/account" }));

app.get("/", sessions.public(), (req, res) => {
  res.send(
    sessions.current(req)
      ? 'Hello <a href="/me">Me</a> <form method="post" action="/logout"><button>Sign out</button></form>'
      : 'Hello, stranger <a href="/login">Sign in</a>',
  );
});

app.get("/me", sessions.auth(), (req, res) => {
  res.json({ userKey: sessions.require(req).userKey });
});
