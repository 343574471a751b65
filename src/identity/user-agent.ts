import type { Agent } from "../session.ts";
import {
  APPS,
  BOT_SIGNS,
  BOTS,
  BROWSERS,
  ENGINES,
  OTHER_BOTS,
  PLATFORMS,
  type Row,
  SYSTEMS,
  TOOLS,
} from "./_agent-tokens.ts";

type Table = readonly { readonly token: string; readonly label: string }[];

const CRAWLERS = tableOf(BOTS, OTHER_BOTS);
const IN_BROWSER_STRINGS = tableOf(APPS, BROWSERS);
// Tools before the unknown bots: some libraries give the page that explains them, too.
const IN_OTHER_STRINGS = tableOf(BOTS, TOOLS, OTHER_BOTS, APPS, BROWSERS);
const DEVICES_AND_SYSTEMS = tableOf(SYSTEMS);

/** How much a label says: a crawler's name, a program's, a browser's, or only an engine's that many products share. */
export type BrowserKind = "bot" | "program" | "product" | "engine";

const KINDS: ReadonlyMap<string, BrowserKind> = new Map([
  ...ENGINES.map((label) => [label, "engine"] as const),
  ...[...TOOLS, ...APPS].map(([label]) => [label, "program"] as const),
  ...[...BOTS, ...OTHER_BOTS].map(([label]) => [label, "bot"] as const),
]);

/**
 * Labels a `User-Agent` by the first literal token found, from the most particular to the most general; what it does
 * not know has no label. Linear in the string's length and never throws; it reads all of the string: cut it before.
 */
export function labelUserAgent(userAgent: string): Agent {
  const browser = browserOf(userAgent);
  // Googlebot says Android only to see the pages that phones see.
  const os = kindOf(browser) === "bot" ? undefined : find(userAgent, DEVICES_AND_SYSTEMS);
  return agentOf(browser, os);
}

/** An agent of what is known: absent labels are absent keys. */
export function agentOf(browser: string | undefined, os: string | undefined): Agent {
  if (browser === undefined) return os === undefined ? {} : { os };
  return os === undefined ? { browser } : { browser, os };
}

/** How much a browser's label says. */
export function kindOf(browser: string | undefined): BrowserKind | undefined {
  return browser === undefined ? undefined : (KINDS.get(browser) ?? "product");
}

/** Whether a system's label names a device, not just the platform that it builds on. */
export function isDevice(os: string): boolean {
  return !PLATFORMS.includes(os);
}

function browserOf(userAgent: string): string | undefined {
  if (!userAgent.startsWith("Mozilla/")) return find(userAgent, IN_OTHER_STRINGS);
  const bot = BOT_SIGNS.some((sign) => userAgent.includes(sign)) ? find(userAgent, CRAWLERS) : undefined;
  return bot ?? find(userAgent, IN_BROWSER_STRINGS) ?? webKitOf(userAgent);
}

/** What has no name but WebKit's: Safari, or an app's web view where it does not say even that. */
function webKitOf(userAgent: string): string | undefined {
  if (!userAgent.includes("AppleWebKit/")) return undefined;
  if (!userAgent.includes("Mac OS X")) return userAgent.includes("X11") ? "GNOME Web" : undefined;
  if (userAgent.includes("Safari")) return "Safari";
  return userAgent.includes("Mobile/") ? "iOS WebView" : "WebView";
}

function find(text: string, table: Table): string | undefined {
  for (const { token, label } of table) if (text.indexOf(token) !== -1) return label;
  return undefined;
}

function tableOf(...parts: readonly (readonly Row[])[]): Table {
  return parts.flat().flatMap(([label, ...tokens]) => tokens.map((token) => ({ token, label })));
}
