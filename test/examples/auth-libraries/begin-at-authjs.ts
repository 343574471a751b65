import type { Browser, Page } from "./browser.ts";

/** Begins a login on the sign-in page of Auth.js. Returns the provider's page. */
export async function beginAtAuthjs(browser: Browser, origin: string, provider = "local"): Promise<Page> {
  return browser.submit(await browser.get(`${origin}/auth/signin`), {}, `/signin/${provider}`);
}
