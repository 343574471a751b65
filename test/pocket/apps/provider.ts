import * as oidc from "openid-client";

/** The origin of this app. */
export const ORIGIN = process.env.ORIGIN ?? "https://app.example.com";

export const provider = oidc.discovery(
  new URL(process.env.OIDC_ISSUER ?? "https://id.example.com"),
  process.env.OIDC_CLIENT ?? "",
  process.env.OIDC_SECRET ?? "",
  undefined,
  { execute: process.env.OIDC_ISSUER?.startsWith("http:") ? [oidc.allowInsecureRequests] : [] },
);
