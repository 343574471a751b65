import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { labelAgent } from "sessionup/user-agent";
import { createApp } from "../examples/demo/app.ts";
import { createManager } from "../examples/demo/manager.ts";
import { startChromium } from "../test/support/chromium.ts";

// Saves an image of each page of the demo in screenshots/. With --publish, also saves docs/public/devices.png.

const folder = fileURLToPath(new URL("../screenshots/", import.meta.url));
const published = fileURLToPath(new URL("../docs/public/devices.png", import.meta.url));
const password = "correct horse battery";
const name = "Ann";

/** The places of the documentation addresses, as an app would find them in a GeoIP database. */
const PLACES: Readonly<Record<string, string>> = {
  "203.0.113.7": "Berlin, Germany",
  "203.0.113.24": "Berlin, Germany",
  "198.51.100.42": "Lisbon, Portugal",
};

const DEVICES = {
  laptop: {
    ip: "203.0.113.7",
    userAgent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
  },
  phone: {
    ip: "203.0.113.24",
    userAgent:
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
  },
  tablet: {
    ip: "203.0.113.7",
    userAgent:
      "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
  },
  stranger: {
    ip: "198.51.100.42",
    userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
  },
} as const;

const SIZES = [
  { width: 320, height: 640 },
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

const clock = new TestClock(Date.UTC(2026, 2, 13, 17, 41));
const manager = createManager(memoryStore(), {
  clock: clock.now,
  trustProxy: 1,
  client: { parse: labelAgent, geo: (ip) => PLACES[ip] },
});
const server = createServer(createApp(manager, { clock: clock.now })).listen(0);
const baseURL = `http://localhost:${(server.address() as AddressInfo).port}`;
const browser = await startChromium();

function open(device: keyof typeof DEVICES, options = {}): Promise<BrowserContext> {
  const { ip, userAgent } = DEVICES[device];
  return browser.newContext({
    baseURL,
    userAgent,
    javaScriptEnabled: false,
    // Chromium's own client hints would contradict the User-Agent.
    extraHTTPHeaders: { "x-forwarded-for": ip, "sec-ch-ua": "", "sec-ch-ua-platform": "" },
    ...options,
  });
}

async function signIn(page: Page, path: "/login" | "/register"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByLabel("Remember me").check();
  await page.getByRole("main").getByRole("button").click();
  await page.waitForURL("**/private");
}

async function nameDevice(page: Page, text: string): Promise<void> {
  await page.getByText("Name this device").click();
  await page.getByLabel("Name of this device").fill(text);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").waitFor();
}

/** Signs in on three devices over three days, the laptop last. Returns the laptop's page. */
async function prepare(): Promise<Page> {
  const phone = await (await open("phone")).newPage();
  await signIn(phone, "/register");
  clock.advance("69h");
  clock.advance("90m");
  await signIn(await (await open("stranger")).newPage(), "/login");
  clock.advance("5m");
  const context = await open("laptop", { deviceScaleFactor: 2 });
  await context.addCookies([{ name: "timezone", value: "Europe/Berlin", url: baseURL }]);
  const laptop = await context.newPage();
  await signIn(laptop, "/login");
  await nameDevice(laptop, "Work laptop");
  await phone.goto("/private");
  clock.advance("5m");
  await laptop.goto("/private");
  return laptop;
}

/** Saves the image for the README and the site. pngquant reduces it to a third of its size. */
async function publish(page: Page): Promise<void> {
  await page.setViewportSize({ width: 760, height: 1_200 });
  const actions = await page.locator(".actions").boundingBox();
  const height = Math.ceil((actions?.y ?? 0) + (actions?.height ?? 0) + 20);
  const image = await page.screenshot({ clip: { x: 0, y: 0, width: 760, height } });
  const { error, stdout } = spawnSync("pngquant", ["--strip", "-"], { input: image, maxBuffer: 10_000_000 });
  if (error) throw new Error("pngquant is missing: install it (Debian: apt-get install pngquant)");
  await writeFile(published, stdout);
}

async function save(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await page.screenshot({ path: `${folder}${name}-${size.width}-${colorScheme}.png`, fullPage: true });
    }
  }
}

await mkdir(folder, { recursive: true });
try {
  const page = await prepare();
  if (process.argv.includes("--publish")) await publish(page);
  const tablet = await (await open("tablet")).newPage();
  await signIn(tablet, "/login");
  await nameDevice(tablet, "Living room iPad");
  await page.goto("/private");
  await save(page, "devices");
  await page.getByText("Rename this device").click();
  await page.getByLabel("Name of this device").fill("Studio laptop");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").waitFor();
  await page.getByText("Rename this device").click();
  await save(page, "devices-renamed");
  for (const [path, name] of [
    ["/", "home-signed-in"],
    ["/activity", "activity"],
    ["/password", "password"],
    ["/confirm", "confirm"],
    ["/revokeother", "revoke-other"],
    ["/nowhere", "not-found"],
  ] as const) {
    await page.goto(path);
    await save(page, name);
  }
  await page.goto("/confirm");
  await page.getByLabel("Password").fill("wrong horse");
  await page.getByRole("button", { name: "Continue" }).click();
  await save(page, "confirm-wrong");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/revokeall");
  await save(page, "revoke-all");
  // The phone signs out the laptop, which then learns why.
  const phone = await (await open("phone")).newPage();
  await signIn(phone, "/login");
  await phone.goto("/revokeother");
  await phone.getByRole("button", { name: "Sign out 4 devices" }).click();
  await phone.waitForURL("**/private");
  await page.goto("/private");
  await save(page, "login");
  await phone.goto("/activity");
  await save(phone, "activity-after");
  await page.goto("/register");
  await save(page, "register");
  await page.goto("/");
  await save(page, "home");
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
  await manager.close();
}
