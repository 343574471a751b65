import express from "express";
import * as oidc from "openid-client";
import { ORIGIN, provider } from "./provider.ts";
import { flash, pocket } from "./sessions.ts";

export const login = express.Router();

login.get("/login", async (req, res) => {
  const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  const returnTo = toOwnUrl(req.query.returnTo);
  await pocket.put(req, "login", { state, nonce, verifier, returnTo }, { key: state });
  const url = oidc.buildAuthorizationUrl(await provider, {
    redirect_uri: `${ORIGIN}/callback`,
    scope: "openid",
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  res.redirect(url.href);
});

login.get("/callback", async (req, res) => {
  // Only the browser that began this login has the value for this state, and only once.
  const begun = await pocket.take(req, "login", { key: req.query.state, once: true });
  if (!begun) {
    flash.add(req, "error", "This sign-in is no longer valid. Please try again.");
    return res.redirect("/");
  }
  const tokens = await oidc.authorizationCodeGrant(await provider, new URL(req.originalUrl, ORIGIN), {
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    pkceCodeVerifier: begun.verifier,
    idTokenExpected: true,
  });
  const userId = tokens.claims()?.sub ?? "";
  await pocket.init(req, userId, { from: ["cart"], meta: ({ cart = [] }) => ({ cart }) });
  res.redirect(begun.returnTo);
});

/** Returns the URL if it is one of this app. Any other one would send the user to a page that imitates the app. */
function toOwnUrl(text: unknown): string {
  if (typeof text !== "string" || !URL.canParse(text, ORIGIN)) return ORIGIN;
  const url = new URL(text, ORIGIN);
  return url.origin === ORIGIN ? url.href : ORIGIN;
}
