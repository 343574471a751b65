import { createTable } from "./tokens.ts";

/**
 * Brands in `Sec-CH-UA`, the most particular first. Unknown brands, such as the made-up "Not;A=Brand", say nothing.
 * "Opera GX", "OperaMobile" and further editions of Opera are known by their beginning.
 */
const BRANDS: ReadonlyMap<string, string> = createTable([
  "AVG Secure Browser",
  "Avast Secure Browser",
  "Brave",
  "Cốc Cốc=CocCoc",
  "DuckDuckGo",
  "Huawei Browser=HuaweiBrowser",
  "Edge=Microsoft Edge|Microsoft Edge WebView2",
  "Mi Browser=Miui Browser",
  "Norton Browser=Norton Private Browser",
  "Meta Quest Browser=Oculus Browser",
  "Samsung Internet",
  "UC Browser=UCBrowser",
  "Vivaldi",
  "Whale",
  "Yandex|YaBrowser",
  "Chrome=Google Chrome",
  "Headless Chrome=HeadlessChrome",
  "Android WebView",
  "Chromium",
]).labels;

/** Platforms that do not tell the device. */
const PLATFORMS: readonly string[] = ["Android", "Linux", "Windows", "iOS", "macOS"];

/** The label of the most particular known brand. */
export function labelBrands(field: string): string | undefined {
  const brands = parseStrings(field);
  if (brands.some((brand) => brand.startsWith("Opera"))) return "Opera";
  for (const [brand, label] of BRANDS) if (brands.includes(brand)) return label;
  return undefined;
}

/** The label of a known platform. */
export function labelPlatform(field: string): string | undefined {
  const [platform = ""] = parseStrings(field);
  if (/^Chrom(e|ium) OS$/.test(platform)) return "ChromeOS";
  return PLATFORMS.includes(platform) ? platform : undefined;
}

/** Whether a system's label names a device, rather than the platform that it builds on. */
export function isDevice(os: string): boolean {
  return !PLATFORMS.includes(os);
}

/**
 * Parses the strings of a structured list, without their parameters (RFC 9651 section 3.1). Returns none if a string
 * has no end. Escapes stay as they are: made-up brands have some, known names do not.
 */
function parseStrings(field: string): readonly string[] {
  const strings: string[] = [];
  let isMember = true;
  for (const part of field.match(/"(?:[^"\\]|\\.)*"|[",]/gs) ?? []) {
    if (part === '"') return [];
    if (isMember && part !== ",") strings.push(part.slice(1, -1));
    isMember = part === ",";
  }
  return strings;
}
