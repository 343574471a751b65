import type { Agent } from "../../session.ts";
import { isEngine, labelBrands, labelPlatform } from "./client-hints.ts";
import { agentOf, isDevice, kindOf, labelUserAgent } from "./user-agent.ts";

/** Nothing longer is read: some parsers take minutes on hostile strings, and no browser needs more to say what it is. */
const LONGEST_FIELD = 512;

/**
 * Labels who is asking, by client hints where a browser sends them and by its `User-Agent` where not; what is not known
 * has no label. Never throws and never takes more than linear time. All of it is what the client says: a label tells a
 * user which session is which, it proves nothing.
 */
export function labelAgent(
  userAgent: string | undefined,
  header?: (name: string) => string | undefined,
): Agent {
  const named = labelUserAgent((userAgent ?? "").slice(0, LONGEST_FIELD));
  // Crawlers render pages in a Chromium whose hints are true and say nothing of them.
  if (header === undefined || kindOf(named.browser) === "bot") return named;
  const field = (name: string) => (header(name) ?? "").slice(0, LONGEST_FIELD);
  const brand = labelBrands(field("sec-ch-ua"));
  const os = systemOf(named.os, labelPlatform(field("sec-ch-ua-platform")));
  // Only Android has a mobile Chromium that sends hints: on iOS browsers have to use WebKit, which sends none.
  const onPhone = os === undefined && brand !== undefined && field("sec-ch-ua-mobile") === "?1";
  return agentOf(browserOf(named.browser, brand), onPhone ? "Android" : os);
}

/** A brand, unless it is only an engine's or a web view's and the string names what is made of it. */
function browserOf(named: string | undefined, brand: string | undefined): string | undefined {
  if (named === undefined || brand === undefined) return brand ?? named;
  const kind = kindOf(named);
  return kind === "program" || (kind === "product" && isEngine(brand)) ? named : brand;
}

/** A platform, unless the string names a device: a console's Edge says Windows, a television's Chromium says Linux. */
function systemOf(named: string | undefined, platform: string | undefined): string | undefined {
  if (named === undefined || platform === undefined) return platform ?? named;
  return isDevice(named) ? named : platform;
}
