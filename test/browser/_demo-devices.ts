import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Site } from "../examples/demo/site.ts";

export const password = "correct horse";

export const phone: BrowserContextOptions = {
  userAgent:
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
  extraHTTPHeaders: hints("Google Chrome", "Android", true),
  viewport: { width: 320, height: 640 },
  isMobile: true,
};
export const laptop: BrowserContextOptions = {
  userAgent:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
  extraHTTPHeaders: hints("Microsoft Edge", "Windows", false),
};

/** Returns the client hints that such a browser sends to localhost. */
function hints(brand: string, platform: string, mobile: boolean): Record<string, string> {
  return {
    "sec-ch-ua": `"Not:A-Brand";v="8", "Chromium";v="156", "${brand}";v="156"`,
    "sec-ch-ua-mobile": mobile ? "?1" : "?0",
    "sec-ch-ua-platform": `"${platform}"`,
  };
}

/** Browsers that visit the demo, and a new user for each test. */
export class DemoDevices {
  readonly #browser: Browser;
  readonly #site: Site;
  #count = 0;

  constructor(browser: Browser, site: Site) {
    this.#browser = browser;
    this.#site = site;
  }

  /** Opens a page in a new browser. Without an option, it runs no scripts. */
  async open(options: BrowserContextOptions): Promise<Page> {
    const context = await this.#browser.newContext({
      baseURL: this.#site.url,
      javaScriptEnabled: false,
      ...options,
    });
    context.setDefaultTimeout(10_000);
    return context.newPage();
  }

  /** Returns a name that no other test uses. */
  newName(start = "user"): string {
    return `${start}${++this.#count}`;
  }

  /**
   * Registers a new user on a phone and signs in on a laptop, whose page then shows the devices. Sends the forms without
   * loading their pages, because tests that use the forms do so themselves.
   */
  async userOnTwo(
    options: BrowserContextOptions = {},
  ): Promise<{ name: string; onPhone: Page; onLaptop: Page }> {
    const name = this.newName();
    const [onPhone, onLaptop] = [
      await this.open({ ...phone, ...options }),
      await this.open({ ...laptop, ...options }),
    ];
    await onPhone.request.post("/register", { form: { name, password }, maxRedirects: 0 });
    await onLaptop.request.post("/login", { form: { name, password }, maxRedirects: 0 });
    await onLaptop.goto("/private");
    return { name, onPhone, onLaptop };
  }
}

/** Submits the form that signs in or creates an account. */
export async function submit(page: Page, path: string, name: string, remember = false): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  if (remember) await page.getByLabel("Remember me").check();
  await page.getByRole("main").getByRole("button").click();
  await page.waitForLoadState();
}

/** Clicks the button or link in the page's content. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  const main = page.getByRole("main");
  await main
    .getByRole("button", { name, exact: true })
    .or(main.getByRole("link", { name, exact: true }))
    .click();
  await page.waitForLoadState();
}
