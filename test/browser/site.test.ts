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

/** The rules that axe checks. The colour schemes differ in colours only. */
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const COLOURS = ["color-contrast", "link-in-text-block"];

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
    ".svg": "image/svg+xml",
  };
  return createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(BASE.length);
    const file = join(DIST, path === "" || path.endsWith("/") ? `${path}index.html` : path);
    if (!file.startsWith(DIST) || !existsSync(file)) return void response.writeHead(404).end();
    response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
}

/** Runs axe in a page. Returns what it reports, as "rule: element". */
function findViolations(page: Page, runOnly: readonly string[]): Promise<readonly string[]> {
  return page.evaluate(
    async (only) => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run({
        runOnly: only,
        resultTypes: ["violations"],
      });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
    },
    [...runOnly],
  );
}

/**
 * Returns the paths whose pages are wider than the window. Each page replaces the body of the open one, because all pages share
 * their style sheets, and loading every page takes several times as long.
 */
function findWide(page: Page, paths: readonly string[]): Promise<readonly string[]> {
  return page.evaluate(async (urls) => {
    const wide: string[] = [];
    for (const url of urls) {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      const { body } = new DOMParser().parseFromString(await response.text(), "text/html");
      document.body.replaceWith(body);
      await Promise.all([...document.images].map((image) => image.decode()));
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth > clientWidth) wide.push(url);
    }
    return wide;
  }, paths);
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
    const page = await open("", { viewport: PHONE, javaScriptEnabled: false });
    expect(
      await findWide(
        page,
        ["", ...pages].map((path) => `${BASE}${path}`),
      ),
    ).toEqual([]);
    await page.close();
  }, 300_000);

  it("axe finds no violations on phones and desktops, in light and dark colours", async () => {
    const found: string[] = [];
    for (const path of SAMPLE) {
      const page = await open(path, { viewport: PHONE, colorScheme: "light", reducedMotion: "reduce" });
      await page.evaluate(axe.source);
      const check = async (where: string, rules: readonly string[]) => {
        for (const each of await findViolations(page, rules)) found.push(`${path} ${where}: ${each}`);
      };
      await check("phone", STANDARDS);
      await page.emulateMedia({ colorScheme: "dark" });
      await page.locator("html.dark").waitFor();
      await check("dark", COLOURS);
      await page.emulateMedia({ colorScheme: "light" });
      await page.locator("html:not(.dark)").waitFor();
      await page.setViewportSize(DESKTOP);
      await check("desktop", STANDARDS);
      await page.close();
    }
    expect(found).toEqual([]);
  }, 300_000);

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
