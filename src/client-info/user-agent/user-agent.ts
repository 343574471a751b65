import type { Agent } from "../../session.ts";
import {
  APPS,
  BOTS,
  BROWSERS,
  ENGINES,
  findLabel,
  OTHER_BOTS,
  SYSTEMS,
  type Table,
  TOOLS,
} from "./tokens.ts";

/** How much a browser's label says. Many products share an engine, so the label of an engine says least. */
export type AgentKind = "bot" | "program" | "browser" | "engine";

type NamedBrowser = readonly [kind?: AgentKind, label?: string];

const TABLES: readonly (readonly [AgentKind, Table])[] = [
  ["bot", BOTS],
  ["program", TOOLS],
  ["bot", OTHER_BOTS],
  ["program", APPS],
  ["browser", BROWSERS],
  ["engine", ENGINES],
];

/**
 * Labels a `User-Agent` by the literal tokens in it, from the most particular table to the most general. Never throws,
 * and takes time linear in the string's length. The caller limits that length.
 */
export function labelUserAgent(userAgent: string): Agent & { readonly kind: AgentKind | undefined } {
  const [kind, browser] = nameBrowser(userAgent);
  // Crawlers make their system up: Googlebot says Android to see the pages that phones see.
  const os = kind === "bot" ? undefined : findLabel(SYSTEMS, userAgent);
  return { kind, ...toAgent(browser, os) };
}

/** Returns an agent without keys for unknown parts. */
export function toAgent(browser: string | undefined, os: string | undefined): Agent {
  return { ...(browser !== undefined && { browser }), ...(os !== undefined && { os }) };
}

function nameBrowser(userAgent: string): NamedBrowser {
  const isBrowserLike = userAgent.startsWith("Mozilla/");
  for (const [kind, table] of TABLES) {
    const label = isBrowserLike && table === TOOLS ? undefined : findLabel(table, userAgent);
    if (label !== undefined) return [kind, label];
  }
  return nameWebKit(userAgent);
}

/** Names Safari, GNOME's browser, or an app's web view that says no more than WebKit. */
function nameWebKit(userAgent: string): NamedBrowser {
  if (!userAgent.includes("AppleWebKit/")) return [];
  if (!userAgent.includes("Mac OS X")) return userAgent.includes("X11") ? ["browser", "GNOME Web"] : [];
  if (userAgent.includes("Safari")) return ["engine", "Safari"];
  return ["engine", userAgent.includes("Mobile/") ? "iOS WebView" : "WebView"];
}
