import { describe, expect, it } from "vitest";
import { labelFamilies } from "./families.ts";
import { labelAgent } from "./user-agent/label-agent.ts";

const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const IOS_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

describe("labelFamilies", () => {
  it.each([
    [`${MAC} ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`, "Chrome", "macOS"],
    [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15`, "Safari", "macOS"],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36 Edg/143.0`,
      "Edge",
      "Windows",
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36 OPR/120.0`,
      "Opera",
      "Windows",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox", "Linux"],
    [
      `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/143.0.0.0 Mobile Safari/537.36`,
      "Chrome",
      "Android",
    ],
    [
      `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
      "Samsung Internet",
      "Android",
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${IOS_WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1`,
      "Safari",
      "iOS",
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${IOS_WEBKIT} CriOS/143.0 Mobile/15E148 Safari/604.1`,
      "Chrome",
      "iOS",
    ],
    [
      `Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) ${IOS_WEBKIT} FxiOS/143.0 Mobile/15E148 Safari/605.1.15`,
      "Firefox",
      "iPadOS",
    ],
    [
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`,
      "Chrome",
      "ChromeOS",
    ],
    [`${MAC} ${WEBKIT} Chrome/143.0.0.0 Safari/537.36 Ddg/18.1`, "DuckDuckGo", "macOS"],
    [`${MAC} ${WEBKIT} Chrome/143.0.0.0 YaBrowser/25.8 Safari/537.36`, "Yandex", "macOS"],
    [`${MAC} ${WEBKIT} Chrome/143.0.0.0 Safari/537.36 Vivaldi/7.5`, "Vivaldi", "macOS"],
  ])("labels %s as labelAgent does", (userAgent, browser, os) => {
    expect(labelFamilies(userAgent)).toEqual({ browser, os });
    expect(labelAgent(userAgent)).toEqual({ browser, os });
  });

  it.each(["", "curl/8.7.1", "Mozilla/5.0", "é".repeat(512)])("leaves %j without labels", (userAgent) => {
    expect(labelFamilies(userAgent)).toEqual({});
  });
});
