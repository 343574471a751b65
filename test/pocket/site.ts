import { createServer } from "node:http";
import type { Application } from "express";
import { listen } from "../support/listen.ts";
import { installPocketPackages } from "./packages.ts";

/** The app of docs/guides/data-before-login.md, and the provider at which its users sign in. */
export interface LoginSite {
  readonly app: string;
  readonly provider: string;
  close(): Promise<void>;
}

/**
 * Starts the app and the provider, once in a process: the app reads its settings when it is imported. With `appHost`
 * `"localhost"` they are two sites to a browser.
 */
export async function startLoginSite(appHost: "127.0.0.1" | "localhost" = "127.0.0.1"): Promise<LoginSite> {
  await installPocketPackages();
  // Both need to know their own addresses.
  const servers = { app: createServer(), provider: createServer() };
  const [ofApp, ofProvider] = [await listen(servers.app), await listen(servers.provider)];
  const app = ofApp.origin.replace("127.0.0.1", appHost);
  const provider = ofProvider.origin;
  const { default: Provider } = await import("oidc-provider");
  const client = {
    client_id: "shop",
    client_secret: "secret-of-the-shop",
    redirect_uris: [`${app}/callback`, `${app}/callback-by-form`],
  };
  const idp = new Provider(provider, {
    clients: [client],
    cookies: { keys: ["cookies of the provider"] },
    pkce: { required: () => true },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  });
  servers.provider.on("request", idp.callback());
  Object.assign(process.env, {
    ORIGIN: app,
    SESSION_KEY: "k".repeat(32),
    OIDC_ISSUER: provider,
    OIDC_CLIENT: client.client_id,
    OIDC_SECRET: client.client_secret,
  });
  const { app: express } = (await import("./apps/app.ts")) as { app: Application };
  express.set("env", "test");
  servers.app.on("request", express);
  return {
    app,
    provider,
    close: async () => {
      await ofApp.close();
      await ofProvider.close();
    },
  };
}
