import type { Agent } from "../session.ts";

/** A label and the tokens that a `User-Agent` of that family contains. */
type Family = readonly [label: string, tokens: RegExp];

// Browsers come before the browsers whose tokens they repeat.
const BROWSERS: readonly Family[] = [
  ["DuckDuckGo", /Ddg\/|DuckDuckGo\//],
  ["Edge", /Edg(e|A|iOS)?\//],
  ["Opera", /OP[RTX]\/|Opera/],
  ["Samsung Internet", /SamsungBrowser\//],
  ["Yandex", /YaBrowser\//],
  ["Vivaldi", /Vivaldi\//],
  ["Chrome", /Chrome\/|CriOS\//],
  ["Firefox", /Firefox\/|FxiOS\//],
  ["Safari", /Mac OS X.*Safari\//],
];

// iPhones say "like Mac OS X", Android and ChromeOS say Linux.
const SYSTEMS: readonly Family[] = [
  ["ChromeOS", /CrOS /],
  ["iPadOS", /iPad/],
  ["iOS", /iPhone/],
  ["Android", /Android/],
  ["Windows", /Windows/],
  ["macOS", /Mac OS X/],
  ["Linux", /Linux/],
];

/**
 * Labels the common browsers and operating systems by the `User-Agent`. Unknown parts have no label. Takes linear time.
 * `labelAgent` of `sessionup/user-agent` also knows client hints, in-app browsers, tools, crawlers and devices.
 */
export function labelFamilies(userAgent: string): Record<keyof Agent, string | undefined> {
  return { browser: findFamily(BROWSERS, userAgent), os: findFamily(SYSTEMS, userAgent) };
}

function findFamily(families: readonly Family[], userAgent: string): string | undefined {
  return families.find(([, tokens]) => tokens.test(userAgent))?.[0];
}
