import type { Agent } from "../../session.ts";
import { isDevice, labelBrands, labelPlatform } from "./client-hints.ts";
import { type AgentKind, labelUserAgent, toAgent } from "./user-agent.ts";

/** Longer fields are cut before anything reads them. No browser needs more to name itself. */
const MAX_FIELD_LENGTH = 512;

/**
 * Labels the client by its client hints where the browser sends them, otherwise by its `User-Agent`. Unknown parts have
 * no label. Never throws, and takes linear time. The client chooses these headers freely: labels help users to tell
 * their sessions apart, but prove nothing.
 *
 * The manager's built-in labeller knows only the common browsers and systems. This one also knows in-app browsers, rare
 * browsers, tools, crawlers and devices.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { labelAgent } from "sessionup/user-agent";
 *
 * const manager = new Manager(memoryStore(), { client: { parse: labelAgent } });
 * ```
 */
export function labelAgent(
  userAgent: string | undefined,
  header?: (name: string) => string | undefined,
): Agent {
  const { kind, ...named } = labelUserAgent((userAgent ?? "").slice(0, MAX_FIELD_LENGTH));
  // Crawlers render pages in a Chromium, whose hints are true but do not name the crawler.
  if (header === undefined || kind === "bot") return named;
  const field = (name: string) => (header(name) ?? "").slice(0, MAX_FIELD_LENGTH);
  const brand = labelBrands(field("sec-ch-ua"));
  const browser = chooseBrowser(named.browser, kind, brand);
  let os = chooseSystem(named.os, labelPlatform(field("sec-ch-ua-platform")));
  // Only Android has a mobile Chromium that sends hints: browsers on iOS have to use WebKit, which sends none.
  if (os === undefined && brand !== undefined && field("sec-ch-ua-mobile") === "?1") os = "Android";
  return toAgent(browser, os);
}

/** Prefers the brand, unless the `User-Agent` names a program, or a browser of which the brand only names the engine. */
function chooseBrowser(
  browser: string | undefined,
  kind: AgentKind | undefined,
  brand: string | undefined,
): string | undefined {
  const isEngine = brand === "Chromium" || brand === "Android WebView";
  return kind === "program" || (kind === "browser" && isEngine) ? browser : (brand ?? browser);
}

/** Prefers the platform, unless the `User-Agent` names a device: Edge on a console says Windows, televisions say Linux. */
function chooseSystem(os: string | undefined, platform: string | undefined): string | undefined {
  return os !== undefined && isDevice(os) ? os : (platform ?? os);
}
