import { createServer } from "node:http";
import Provider from "oidc-provider";
import { listen } from "../../support/listen.ts";
import type { Browser, Page } from "./browser.ts";

/** An OAuth 2.0 provider on localhost, which requires PKCE. Every name signs in with every password. */
export interface OAuthProvider {
  readonly origin: string;
  readonly secret: string;
  /** Begins to serve, with a client for each callback. */
  serve(callbacks: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

/** Listens, so that apps can name the provider before the provider knows their callbacks. */
export async function startProvider(): Promise<OAuthProvider> {
  const server = createServer();
  const { origin, close } = await listen(server);
  const secret = "the secret of the app at the provider";

  function serve(callbacks: Readonly<Record<string, string>>): void {
    const clients = Object.entries(callbacks).map(([id, callback]) => ({
      client_id: id,
      client_secret: secret,
      redirect_uris: [callback],
      token_endpoint_auth_method: "client_secret_post" as const,
    }));
    const provider = new Provider(origin, {
      clients,
      pkce: { required: () => true },
      cookies: { keys: ["a key of the provider's cookies"] },
      findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    });
    server.on("request", provider.callback());
  }

  return { origin, secret, serve, close };
}

/**
 * Opens the page that begins a login, signs in at the provider and consents. Returns the address of the callback, which the
 * browser has not opened yet. With `refuse`, the user cancels.
 */
export async function authorize(
  browser: Browser,
  start: string,
  { name = "ann", refuse = false }: { name?: string; refuse?: boolean } = {},
): Promise<URL> {
  const app = new URL(start).origin;
  let page = await browser.get(start);
  for (let steps = 0; steps < 20; steps++) {
    if (page.location?.origin === app) return page.location;
    page = page.location ? await browser.get(page.location) : await answer(browser, page, name, refuse);
  }
  throw new Error(`The login did not return to the app: ${page.url}`);
}

/** Submits the form of the provider's page, or follows its link to cancel. */
function answer(browser: Browser, page: Page, name: string, refuse: boolean): Promise<Page> {
  const [, action] = /<form[^>]* action="([^"]+)"/.exec(page.text) ?? [];
  const [, prompt] = /name="prompt" value="([^"]+)"/.exec(page.text) ?? [];
  const [, cancel] = /href="([^"]+\/abort)"/.exec(page.text) ?? [];
  if (action === undefined || prompt === undefined || cancel === undefined)
    throw new Error(`The provider answered with ${page.status}: ${page.text.slice(0, 500)}`);
  if (refuse) return browser.get(new URL(cancel, page.url));
  return browser.post(new URL(action, page.url), { prompt, login: name, password: "any" });
}
