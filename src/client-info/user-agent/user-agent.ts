import type { Agent } from "../../session.ts";
import { APPS, BOTS, BROWSERS, ENGINES, OTHER_BOTS, PLATFORMS, type Row, SYSTEMS, TOOLS } from "./tokens.ts";

/** Which letters a text has, one bit each. */
interface Letters {
  readonly upper: number;
  readonly lower: number;
}

interface Entry extends Letters {
  readonly token: string;
  readonly label: string;
}

const BROWSER_STRINGS = tableOf(BOTS, OTHER_BOTS, APPS, BROWSERS);
// Tools before the unknown bots: some libraries give the page that explains them, too.
const OTHER_STRINGS = tableOf(BOTS, TOOLS, OTHER_BOTS, APPS, BROWSERS);
const DEVICES_AND_SYSTEMS = tableOf(SYSTEMS);

/** How much a label says: a crawler's name, a program's, a browser's, or only an engine's that many products share. */
type Kind = "bot" | "program" | "product" | "engine";

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ...ENGINES.map((label) => [label, "engine"] as const),
  ...[...TOOLS, ...APPS].map(([label]) => [label, "program"] as const),
  ...[...BOTS, ...OTHER_BOTS].map(([label]) => [label, "bot"] as const),
]);

/**
 * Labels a `User-Agent` by the first literal token found, from the most particular to the most general; what it does
 * not know has no label. Linear in the string's length and never throws; it reads all of the string: cut it before.
 */
export function labelUserAgent(userAgent: string): Agent {
  const letters = lettersOf(userAgent);
  const strings = userAgent.startsWith("Mozilla/") ? BROWSER_STRINGS : OTHER_STRINGS;
  const browser = find(userAgent, letters, strings) ?? webKitOf(userAgent);
  // Googlebot says Android only to see the pages that phones see.
  const os = kindOf(browser) === "bot" ? undefined : find(userAgent, letters, DEVICES_AND_SYSTEMS);
  return agentOf(browser, os);
}

/** An agent of what is known: absent labels are absent keys. */
export function agentOf(browser: string | undefined, os: string | undefined): Agent {
  if (browser === undefined) return os === undefined ? {} : { os };
  return os === undefined ? { browser } : { browser, os };
}

/** How much a browser's label says. */
export function kindOf(browser: string | undefined): Kind | undefined {
  return browser === undefined ? undefined : (KINDS.get(browser) ?? "product");
}

/** Whether a system's label names a device, not just the platform that it builds on. */
export function isDevice(os: string): boolean {
  return !PLATFORMS.includes(os);
}

/** What has no name but WebKit's: Safari, or an app's web view where it does not say even that. */
function webKitOf(userAgent: string): string | undefined {
  if (!userAgent.includes("AppleWebKit/")) return undefined;
  if (!userAgent.includes("Mac OS X")) return userAgent.includes("X11") ? "GNOME Web" : undefined;
  if (userAgent.includes("Safari")) return "Safari";
  return userAgent.includes("Mobile/") ? "iOS WebView" : "WebView";
}

/** The first token's label that is there. Most are ruled out by a letter that is not, for a tenth of a search. */
function find(text: string, letters: Letters, table: readonly Entry[]): string | undefined {
  for (const { token, label, upper, lower } of table) {
    if ((upper & ~letters.upper) === 0 && (lower & ~letters.lower) === 0 && text.includes(token))
      return label;
  }
  return undefined;
}

/** By the last five bits of their codes: ASCII's letters have places of their own, what shares one costs a search. */
function lettersOf(text: string): Letters {
  let upper = 0;
  let lower = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 96) lower |= 1 << code;
    else if (code >= 64) upper |= 1 << code;
  }
  return { upper, lower };
}

function tableOf(...parts: readonly (readonly Row[])[]): readonly Entry[] {
  return parts
    .flat()
    .flatMap(([label, ...tokens]) => tokens.map((token) => ({ token, label, ...lettersOf(token) })));
}
