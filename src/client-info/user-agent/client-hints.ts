/** What browsers call themselves in `Sec-CH-UA`. Unknown brands, such as the made-up ones ("Not;A=Brand"), say nothing. */
const BRANDS: ReadonlyMap<string, string> = new Map([
  ["AVG Secure Browser", "AVG Secure Browser"],
  ["Avast Secure Browser", "Avast Secure Browser"],
  ["Brave", "Brave"],
  ["CocCoc", "Cốc Cốc"],
  ["DuckDuckGo", "DuckDuckGo"],
  ["HuaweiBrowser", "Huawei Browser"],
  ["Microsoft Edge", "Edge"],
  ["Microsoft Edge WebView2", "Edge"],
  ["Miui Browser", "Mi Browser"],
  ["Norton Private Browser", "Norton Browser"],
  ["Oculus Browser", "Meta Quest Browser"],
  ["Samsung Internet", "Samsung Internet"],
  ["UCBrowser", "UC Browser"],
  ["Vivaldi", "Vivaldi"],
  ["Whale", "Whale"],
  ["YaBrowser", "Yandex"],
  ["Yandex", "Yandex"],
  ["Google Chrome", "Chrome"],
  ["HeadlessChrome", "Headless Chrome"],
  ["Android WebView", "Android WebView"],
  ["Chromium", "Chromium"],
]);

/** What is listed beside a more particular brand, the least particular last. */
const GENERAL: readonly string[] = ["Chrome", "Headless Chrome", "Android WebView", "Chromium"];

const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ["Android", "Android"],
  ["Chrome OS", "ChromeOS"],
  ["Chromium OS", "ChromeOS"],
  ["Linux", "Linux"],
  ["Windows", "Windows"],
  ["iOS", "iOS"],
  ["macOS", "macOS"],
]);

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** The label of the most particular brand that is known. */
export function labelBrands(brands: string): string | undefined {
  let best: string | undefined;
  for (const brand of stringsOf(brands)) {
    // "Opera GX", "OperaMobile", "Opera Mini Android" and each new edition.
    const label = brand.startsWith("Opera") ? "Opera" : BRANDS.get(brand);
    if (label !== undefined && (best === undefined || GENERAL.indexOf(label) < GENERAL.indexOf(best)))
      best = label;
  }
  return best;
}

/** The label of a platform that is known. */
export function labelPlatform(platform: string): string | undefined {
  const [name] = stringsOf(platform);
  return name === undefined ? undefined : PLATFORMS.get(name);
}

/** Whether a brand is only what many products are made of: their string may tell which one it is. */
export function isEngine(browser: string): boolean {
  return browser === "Chromium" || browser === "Android WebView";
}

/**
 * The strings of a structured list without their parameters (RFC 9651 section 3.1), none if the last one never ends.
 * Escapes stay as they are: no known name has any, made-up brands do.
 */
function stringsOf(field: string): readonly string[] {
  const strings: string[] = [];
  let start = -1;
  let inParameters = false;
  for (let at = 0; at < field.length; at++) {
    const code = field.charCodeAt(at);
    if (start === -1) {
      if (code === QUOTE) start = at + 1;
      else if (code === COMMA) inParameters = false;
    } else if (code === BACKSLASH) {
      at++;
    } else if (code === QUOTE) {
      if (!inParameters) strings.push(field.slice(start, at));
      inParameters = true;
      start = -1;
    }
  }
  return start === -1 ? strings : [];
}
