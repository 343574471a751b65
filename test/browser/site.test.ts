import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Item, sidebar } from "../../docs/.vitepress/sidebar.ts";
import { startChromium } from "../support/chromium.ts";
import { PACKAGE, ROOT } from "../support/entries.ts";
import { listen } from "../support/listen.ts";
import { installPackages } from "../support/own-packages.ts";

const DIST = `${ROOT}docs/.vitepress/dist/`;
const BASE = new URL(PACKAGE.homepage).pathname;
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

/** Pages with every kind of content: the front page, tabs and code, a wide table and a drawing. */
const SAMPLE = ["", "start/quick-start.html", "start/comparison.html", "architecture.html"];

function listPages(items: readonly Item[]): readonly string[] {
  return items.flatMap(({ link, items: inner = [] }) => {
    const page = link === undefined ? [] : [`${link.slice(1)}${link.endsWith("/") ? "index" : ""}.html`];
    return [...page, ...listPages(inner)];
  });
}

/** Serves the built site below its base, as a host of static files does. */
function serveSite(): Server {
  const types: Record<string, string> = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
  };
  return createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(BASE.length);
    const file = join(DIST, path === "" || path.endsWith("/") ? `${path}index.html` : path);
    if (!file.startsWith(DIST) || !existsSync(file)) return void response.writeHead(404).end();
    response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
}

/** Returns what axe reports, as "rule: element". */
async function findViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    }),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

/** Returns by how many pixels the page is wider than its window. */
function measureOverflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

describe("the documentation site", () => {
  const pages = [...new Set(Object.values(sidebar).flatMap(listPages))];
  let server: Awaited<ReturnType<typeof listen>>;
  let browser: Browser;

  beforeAll(async () => {
    await installPackages(`${ROOT}docs/`, "the documentation site");
    await promisify(execFile)("npm", ["run", "build"], { cwd: `${ROOT}docs` }).catch((error) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
    server = await listen(serveSite());
    browser = await startChromium();
  }, 900_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(path: string, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await browser.newPage(options);
    const response = await page.goto(`${server.origin}${BASE}${path}`);
    expect(response?.status()).toBe(200);
    await page.waitForLoadState("networkidle");
    return page;
  }

  it("no page is wider than a phone", async () => {
    const page = await browser.newPage({ viewport: PHONE });
    const wide: string[] = [];
    for (const path of ["", ...pages]) {
      expect((await page.goto(`${server.origin}${BASE}${path}`))?.status()).toBe(200);
      if ((await measureOverflow(page)) > 0) wide.push(path);
    }
    expect(wide).toEqual([]);
    await page.close();
  }, 300_000);

  it.each(["light", "dark"] as const)(
    "axe finds no violations in the %s scheme",
    async (colorScheme) => {
      const found: string[] = [];
      for (const path of SAMPLE) {
        // The schemes differ in colours only.
        for (const viewport of colorScheme === "light" ? [PHONE, DESKTOP] : [PHONE]) {
          const page = await open(path, { viewport, colorScheme, reducedMotion: "reduce" });
          for (const each of await findViolations(page)) found.push(`${path} ${viewport.width}: ${each}`);
          await page.close();
        }
      }
      expect(found).toEqual([]);
    },
    300_000,
  );

  it("the search finds an option", async () => {
    const page = await open("", { viewport: DESKTOP });
    await page.locator(".DocSearch-Button").click();
    await page.locator(".VPLocalSearchBox input").fill("idleTimeout");
    await page.locator(".VPLocalSearchBox .result").first().waitFor();
    expect(await page.locator(".VPLocalSearchBox .result").allTextContents()).toContainEqual(
      expect.stringContaining("idleTimeout"),
    );
    await page.close();
  });

  it("llms.txt lists each page of the guides, and llms-full.txt contains them", () => {
    const list = readFileSync(`${DIST}llms.txt`, "utf8");
    const guides = pages.filter((path) => path.startsWith("guides/"));
    expect(guides.filter((path) => !list.includes(`${BASE}${path.replace(".html", ".md")}`))).toEqual([]);
    expect(readFileSync(`${DIST}llms-full.txt`, "utf8")).toContain("# Protecting routes");
  });
});
