import express from "express";
import * as oidc from "openid-client";
import { ORIGIN, provider } from "./provider.ts";
import { pocket, sessions } from "./sessions.ts";

export const loginByForm = express.Router();

loginByForm.get("/login-by-form", async (req, res) => {
  const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
  await pocket.put(req, "formLogin", { state, nonce, verifier }, { key: state });
  const url = oidc.buildAuthorizationUrl(await provider, {
    redirect_uri: `${ORIGIN}/callback-by-form`,
    response_mode: "form_post",
    scope: "openid",
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  res.redirect(url.href);
});

const fromProvider = sessions.public({ crossOrigin: "allow" });

loginByForm.post("/callback-by-form", fromProvider, express.urlencoded(), async (req, res) => {
  const begun = await pocket.take(req, "formLogin", { key: req.body.state, once: true });
  if (!begun) return res.status(400).send("This sign-in is no longer valid. Please try again.");
  const answer = new URL(`/callback-by-form?${new URLSearchParams(req.body)}`, ORIGIN);
  const tokens = await oidc.authorizationCodeGrant(await provider, answer, {
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    pkceCodeVerifier: begun.verifier,
    idTokenExpected: true,
  });
  const userId = tokens.claims()?.sub ?? "";
  await pocket.init(req, userId, { from: ["cart"], meta: ({ cart = [] }) => ({ cart }) });
  res.redirect(303, "/me");
});
