import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type ClientMetadata } from "oidc-provider";

const server = createServer().listen(Number(process.env.PORT ?? 9000), "127.0.0.1");
await once(server, "listening");
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;

/** Native clients may use any port of the loopback interface. */
const createClient = (client_id: string, ...paths: readonly string[]): ClientMetadata => ({
  client_id,
  client_secret: "not-a-secret",
  application_type: "native",
  redirect_uris: paths.map((path) => `http://localhost${path}`),
});

const provider = new Provider(issuer, {
  clients: [
    createClient("authjs", "/auth/callback/local", "/api/auth/callback/local"),
    createClient("authjs-work", "/auth/callback/work"),
    createClient("better-auth", "/api/auth/callback/local"),
    createClient("arctic", "/login/callback"),
    { ...createClient("passport", "/login/callback"), token_endpoint_auth_method: "client_secret_post" },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  // Auth.js and Arctic read the profile from the ID token.
  conformIdTokenClaims: false,
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: sub, email: `${sub}@example.com`, email_verified: true }),
  }),
});

server.on("request", provider.callback());
console.log(issuer);
