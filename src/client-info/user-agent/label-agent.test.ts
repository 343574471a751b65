import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CORPUS, type KnownAgent } from "../../../test/support/agent-corpus.ts";
import { fuzzRuns, joined } from "../../../test/support/fuzz.ts";
import { labelAgent } from "./label-agent.ts";
import { APPS, BOTS, BROWSERS, ENGINES, OTHER_BOTS, SYSTEMS, TOOLS } from "./tokens.ts";

const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
const LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
const ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)";
const VIEW =
  "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A.240805.005; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/127.0.6533.103 Mobile Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const CHROME = `${WINDOWS} Chrome/131.0.0.0 Safari/537.36`;

/** Every label. Apps may map them to icons, so none may change unnoticed. */
const BROWSER_LABELS =
  `Googlebot, Google crawler, Bingbot, Applebot, DuckDuckBot, YandexBot, Baiduspider, GPTBot, ChatGPT,
ClaudeBot, Claude, PerplexityBot, Perplexity, Mistral, Amazonbot, Bytespider, CCBot, PetalBot, AhrefsBot, SemrushBot,
LinkedInBot, TelegramBot, Twitterbot, Meta crawler, Pinterestbot, Slackbot, Discordbot, UptimeRobot, Pingdom, Lighthouse, Bot,
curl, Wget, HTTPie, Postman, Insomnia, Git, Deno, Bun, Node.js, Python requests, Python, Go, okhttp, Java, Dart, PHP, Ruby,
Perl, Rust, Android app, Apple app, Headless Chrome, PowerShell, Threads, Instagram, Messenger, Facebook, TikTok, Snapchat,
WeChat, Line, KakaoTalk, Naver, X, Reddit, Telegram, WhatsApp, LinkedIn, Pinterest, Google app, Discord, Slack, Teams, Steam,
VS Code, Roku, Electron app, DuckDuckGo, Edge, Opera, Meta Quest Browser, Samsung Internet, Yandex, Vivaldi, Brave,
ChatGPT Atlas, Whale, Ecosia, Aloha, Silk, UC Browser, Mi Browser, Huawei Browser, OPPO Browser, vivo Browser, QQ Browser,
Quark, Baidu, Tesla, Chromecast, TV browser, PlayStation browser, Nintendo browser, KaiOS browser, HarmonyOS WebView,
Android WebView, Chromium, Chrome, Thunderbird, SeaMonkey, Firefox, Internet Explorer, GNOME Web, Safari, iOS WebView,
WebView, AVG Secure Browser, Avast Secure Browser, Norton Browser, Cốc Cốc`.split(/,\s/);
const OS_LABELS =
  `Windows Phone, Xbox, PlayStation, Nintendo, Tizen, webOS, VIDAA, KaiOS, HarmonyOS, Meta Quest, Roku, ChromeOS,
Fuchsia, FreeBSD, tvOS, iPadOS, iOS, Android, Windows, macOS, Linux`.split(/,\s/);

const label = ({ userAgent, hints = {} }: Pick<KnownAgent, "userAgent" | "hints">) =>
  labelAgent(userAgent, headers(hints.brands, hints.platform, hints.mobile));

function headers(brands?: string, platform?: string, mobile?: string): (name: string) => string | undefined {
  const fields = { "sec-ch-ua": brands, "sec-ch-ua-platform": platform, "sec-ch-ua-mobile": mobile };
  return (name) => fields[name as keyof typeof fields];
}

/** Splits a table: one row per line, cells between bars. */
const rows = (lines: string): string[][] =>
  lines
    .trim()
    .split("\n")
    .map((line) => line.split(" | "));

describe("labelAgent", () => {
  describe("on the corpus of real clients", () => {
    it("the corpus has at least 200 distinct clients", () => {
      expect(new Set(CORPUS.map((known) => JSON.stringify(known))).size).toBe(CORPUS.length);
      expect(CORPUS.length).toBeGreaterThanOrEqual(200);
    });

    it.each(["browser", "os"] as const)("at least 95 % of the corpus gets the right %s label", (key) => {
      const misses = CORPUS.flatMap((known) => {
        const found = label(known)[key];
        return found === known[key] ? [] : [`${found} instead of ${known[key]}: ${known.userAgent}`];
      });
      expect(1 - misses.length / CORPUS.length, misses.join("\n")).toBeGreaterThanOrEqual(0.95);
    });

    it("every label is earned by a client in the corpus", () => {
      const right = CORPUS.filter((known) => label(known).browser === known.browser);
      expect(new Set(right.map(({ browser }) => browser).filter(Boolean))).toEqual(new Set(BROWSER_LABELS));
      const known = CORPUS.filter((agent) => label(agent).os === agent.os);
      expect(new Set(known.map(({ os }) => os).filter(Boolean))).toEqual(new Set(OS_LABELS));
    });
  });

  describe("by User-Agent tokens", () => {
    it.each(
      rows(`
Googlebot | Chrome/ | ${ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://x)
GPTBot | :// | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
LinkedInBot | Apache-HttpClient | LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient/4.5 +http://x)
Bot | facebookexternalhit | facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com
Bot | Chrome/ | ${WINDOWS} Chrome/131.0.0.0 Safari/537.36 (compatible; ExampleBot/1.0)
Node.js | :// | node-fetch/1.0 (+https://github.com/bitinn/node-fetch)
Python requests | ython | python-requests/2.32.3
Headless Chrome | Safari/ | ${LINUX} HeadlessChrome/140.0.0.0 Safari/537.36
Threads | MetaIAB | ${VIEW} MetaIAB Threads
Instagram | MetaIAB | ${VIEW} MetaIAB Instagram
Instagram | ; wv) | ${VIEW} Instagram 404.0.0.48.76 Android (36/16; 420dpi)
Messenger | FBAV/ | ${VIEW} [FB_IAB/Orca-Android;FBAV/349.0.0.7.108;]
Facebook | ; wv) | ${VIEW} [FB_IAB/FB4A;FBAV/531.0.0.47.109;]
Facebook | Safari/ | ${IPHONE} Mobile/22G100 Safari/604.1 MetaIAB Facebook
TikTok | ; wv) | ${VIEW} trill_340204 BytedanceWebview/d8a21c6
WeChat | QQBrowser/ | ${VIEW} MQQBrowser/6.2 TBS/043602 MicroMessenger/8.0.49
Line | Safari | ${IPHONE} Mobile/15E148 Safari Line/14.9.0
Google app | Safari/ | ${IPHONE} GSA/321.0.645944285 Mobile/15E148 Safari/604.1
Discord | Electron/ | ${WINDOWS} discord/1.0.9215 Chrome/138.0.0.0 Electron/37.6.0 Safari/537.36
Slack | Electron/ | ${WINDOWS} Slack/4.39.95 Chrome/126.0.0.0 Electron/31.3.1 Safari/537.36
VS Code | Electron/ | ${WINDOWS} Code/1.95.3 Chrome/128.0.0.0 Electron/32.2.1 Safari/537.36
Electron app | Chrome/ | ${WINDOWS} obsidian/1.5.12 Chrome/120.0.0.0 Electron/28.2.3 Safari/537.36
Teams | Edg/ | ${WINDOWS} Chrome/124.0.0.0 Safari/537.36 Edg/124.0.0.0 Teams/24091.214.2846.1452
Edge | Chrome/ | ${WINDOWS} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0
Edge | Safari/ | ${IPHONE} Version/18.0 EdgiOS/129.0.2792.84 Mobile/15E148 Safari/605.1.15
Opera | Chrome/ | ${WINDOWS} Chrome/129.0.0.0 Safari/537.36 OPR/115.0.0.0
Opera | ; wv) | ${VIEW} OPR/95.0.2254.78123
DuckDuckGo | Version/4.0 Chrome/ | ${ANDROID} Version/4.0 Chrome/118.0.0.0 Mobile DuckDuckGo/5 Safari/537.36
Meta Quest Browser | SamsungBrowser/ | ${LINUX} OculusBrowser/33.0 SamsungBrowser/4.0 Chrome/126.0.0.0 VR Safari/537.36
Samsung Internet | Chrome/ | ${ANDROID} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36
Samsung Internet | SMART-TV | Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) SamsungBrowser/4.0 Chrome/76.0 TV Safari/537.36
Yandex | Chrome/ | ${WINDOWS} Chrome/132.0.0.0 YaBrowser/25.2.0.0 Safari/537.36
UC Browser | Version/4.0 Chrome/ | ${ANDROID} Version/4.0 Chrome/100.0.4896.58 UCBrowser/15.5.0.1200 Mobile Safari/537.36
Tesla | Chromium/ | ${LINUX} Chromium/79.0.3945.130 Chrome/79.0.3945.130 Safari/537.36 Tesla/2020.12.1
Chromecast | Chrome/ | ${LINUX} Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000 DeviceType/Chromecast
TV browser | Chrome/ | Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/108.0.0.0 Safari/537.36
PlayStation browser | Safari/ | Mozilla/5.0 (PlayStation; PlayStation 5/10.00) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15
KaiOS browser | Firefox/ | Mozilla/5.0 (Mobile; Nokia 2780 Flip; rv:84.0) Gecko/84.0 Firefox/84.0 KAIOS/3.1
Huawei Browser | ArkWeb/ | Mozilla/5.0 (Phone; OpenHarmony 5.1) Chrome/114.0.0.0 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.1
HarmonyOS WebView | Chrome/ | Mozilla/5.0 (Phone; OpenHarmony 5.0) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile
Android WebView | Chrome/ | ${VIEW}
Chromium | Chrome/ | ${LINUX} Ubuntu Chromium/80.0.3987.163 Chrome/80.0.3987.163 Safari/537.36
Chrome | Safari/ | ${CHROME}
Chrome | Mac OS X | ${IPHONE} CriOS/141.0.7390.96 Mobile/15E148 Safari/604.1
SeaMonkey | Firefox/ | Mozilla/5.0 (Windows NT 10.0; rv:91.0) Gecko/20100101 Firefox/91.0 SeaMonkey/2.53.18.2
Safari | Mac OS X | ${IPHONE} Version/18.6 Mobile/15E148 Safari/604.1
`),
    )(
      "labels the browser %s although the User-Agent also contains %s",
      (browser, outranked = "", userAgent = "") => {
        expect(userAgent).toContain(outranked);
        expect(labelAgent(userAgent).browser).toBe(browser);
      },
    );

    it.each(
      rows(`
Windows Phone | Android | Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 650) Edge/15.15254
Windows Phone | iPhone | Mozilla/5.0 (Mobile; Windows Phone 8.1; ARM; Trident/7.0) like iPhone OS 7_0_3 Mac OS X
Xbox | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) Edge/18.18363
Tizen | Linux | Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 TV Safari/537.36
webOS | Linux | Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/108.0.0.0 Safari/537.36
VIDAA | X11 | ${LINUX} Chrome/111.0.5563.146 Odin/111.5563.5.1 Safari/537.36 VIDAA/9.0(Hisense;SmartTV)
KaiOS | Android | Mozilla/5.0 (Mobile; LYF/F300B; Android; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5
HarmonyOS | Android | Mozilla/5.0 (Linux; Android 12; HarmonyOS; TET-AN00) HuaweiBrowser/14.0.5.301
Meta Quest | Linux | Mozilla/5.0 (X11; Linux x86_64; Quest 3) OculusBrowser/33.0
Meta Quest | Android | Mozilla/5.0 (Linux; Android 12L; Quest 3) OculusBrowser/39.2
ChromeOS | X11 | Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/136.0.0.0 Safari/537.36
FreeBSD | X11 | Mozilla/5.0 (X11; FreeBSD amd64; rv:122.0) Gecko/20100101 Firefox/122.0
tvOS | Mac OS X | AppleCoreMedia/1.0.0.22K155 (Apple TV; U; CPU OS 18_1 like Mac OS X; en_us)
iPadOS | Mac OS X | Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1
iPadOS | iOS | Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 CriOS/129.0.6668.69
iOS | Mac OS X | ${IPHONE}
iOS | Macintosh | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 CriOS/129 Safari/605.1.15
Android | Linux | ${ANDROID}
`),
    )(
      "labels the system %s although the User-Agent also contains %s",
      (os, outranked = "", userAgent = "") => {
        expect(userAgent).toContain(outranked);
        expect(labelAgent(userAgent).os).toBe(os);
      },
    );

    it("Apple's WebKit without a Safari token is labelled as a web view", () => {
      expect(labelAgent(`${IPHONE} Mobile/15E148`)).toEqual({ browser: "iOS WebView", os: "iOS" });
      const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
      expect(labelAgent(mac)).toEqual({ browser: "WebView", os: "macOS" });
      expect(labelAgent(`${mac} Version/18.4 Safari/605.1.15`)).toEqual({ browser: "Safari", os: "macOS" });
    });

    it("WebKit on X11 is labelled GNOME Web, other unnamed WebKit has no browser label", () => {
      const webKit = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
      expect(labelAgent(`Mozilla/5.0 (X11; Linux x86_64) ${webKit}`)).toEqual({
        browser: "GNOME Web",
        os: "Linux",
      });
      expect(labelAgent(`Mozilla/5.0 (Example; Linux) ${webKit}`)).toEqual({ os: "Linux" });
    });

    it("a crawler gets no system label, because crawlers make theirs up", () => {
      expect(
        labelAgent(`${ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1)`),
      ).toEqual({
        browser: "Googlebot",
      });
    });

    it("a Cubot phone is not labelled as a bot", () => {
      const cubot =
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36";
      expect(labelAgent(cubot)).toEqual({ browser: "Chrome", os: "Android" });
    });
  });

  describe("by client hints", () => {
    it("the brand and platform hints win over the User-Agent", () => {
      const header = headers('"Brave";v="137", "Chromium";v="137", "Not/A)Brand";v="24"', '"macOS"', "?0");
      expect(labelAgent(CHROME, header)).toEqual({ browser: "Brave", os: "macOS" });
      expect(labelAgent(undefined, header)).toEqual({ browser: "Brave", os: "macOS" });
    });

    it.each([
      '" Not A;Brand";v="99", "Chromium";v="98", "Google Chrome";v="98"',
      '"(Not(A:Brand";v="8", "Chromium";v="98", "Google Chrome";v="98"',
      '"\\"Not\\\\A;Brand";v="99", "Google Chrome";v="86", "Chromium";v="86"',
      '"Google Chrome";v="113","Chromium";v="113","Not-A.Brand";v="24"',
      '"Chromium";v="126",\t"Not/A)Brand";v="8";x="a, \\"Brave\\"", "Google Chrome";v="126"',
    ])("ignores the made-up brand in %s", (brands) => {
      expect(labelAgent(undefined, headers(brands))).toEqual({ browser: "Chrome" });
    });

    it.each([
      ["Vivaldi", '"Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126", "Vivaldi";v="6.8"'],
      ["Edge", '"Microsoft Edge";v="126", "Chromium";v="126", "Microsoft Edge WebView2";v="126"'],
      ["Opera", '"Opera GX";v="121", "Chromium";v="137", "Not/A)Brand";v="24"'],
      ["Opera", '"Opera Mini Android";v="97", "Android WebView";v="143", "Chromium";v="143"'],
      ["Yandex", '"Chromium";v="132", "YaBrowser";v="25.2", "Yowser";v="2.5"'],
      ["Headless Chrome", '"Chromium";v="140", "Not=A?Brand";v="24", "HeadlessChrome";v="140"'],
      ["Android WebView", '"Chromium";v="126", "Android WebView";v="126"'],
      ["Chromium", '"Chromium";v="142", "Island";v="142", "Not_A Brand";v="99"'],
      ["Chromium", '"Chromium";v="Brave";x="Opera"'],
    ])("chooses the most particular brand, %s, from %s", (browser, brands) => {
      expect(labelAgent(CHROME, headers(brands)).browser).toBe(browser);
    });

    it.each(
      rows(`
AVG Secure Browser | AVG Secure Browser
Avast Secure Browser | Avast Secure Browser
Brave | Brave
CocCoc | Cốc Cốc
DuckDuckGo | DuckDuckGo
HuaweiBrowser | Huawei Browser
Microsoft Edge | Edge
Microsoft Edge WebView2 | Edge
Miui Browser | Mi Browser
Norton Private Browser | Norton Browser
Oculus Browser | Meta Quest Browser
Opera | Opera
OperaMobile | Opera
Samsung Internet | Samsung Internet
UCBrowser | UC Browser
Vivaldi | Vivaldi
Whale | Whale
YaBrowser | Yandex
Yandex | Yandex
Google Chrome | Chrome
`),
    )("recognizes the brand %s", (brand, browser) => {
      expect(labelAgent(CHROME, headers(`"Chromium";v="131", "${brand}";v="1"`)).browser).toBe(browser);
    });

    it("unknown brands and platforms get no label and do not reach the result", () => {
      const header = headers('"<script>";v="1", "Not A;Brand";v="99"', '"Plan 9"', "?1");
      expect(labelAgent(undefined, header)).toEqual({});
      expect(labelAgent(CHROME, header)).toEqual({ browser: "Chrome", os: "Windows" });
    });

    it("an app named by the User-Agent wins over the brand of its web view", () => {
      const view = headers('"Android WebView";v="127", "Chromium";v="127"', '"Android"', "?1");
      const app = `${VIEW} [FB_IAB/FB4A;FBAV/531.0.0.47.109;]`;
      expect(labelAgent(app, view)).toEqual({ browser: "Facebook", os: "Android" });
      expect(labelAgent(VIEW, view)).toEqual({ browser: "Android WebView", os: "Android" });
    });

    it("crawlers and tools keep their label whatever hints they send", () => {
      const header = headers('"Chromium";v="131", "Google Chrome";v="131"', '"Windows"', "?0");
      expect(labelAgent("Mozilla/5.0 (compatible; bingbot/2.0)", header)).toEqual({ browser: "Bingbot" });
      expect(labelAgent("curl/8.7.1", header).browser).toBe("curl");
    });

    it("a browser named by the User-Agent wins over a brand that only names the engine", () => {
      const chromium = headers('"Not/A)Brand";v="8", "Chromium";v="126"');
      const silk = `${ANDROID} Silk/126.4.1 like Chrome/126.0.6478.183 Safari/537.36`;
      expect(labelAgent(silk, chromium).browser).toBe("Silk");
      expect(labelAgent(silk, headers('"Chromium";v="126", "Google Chrome";v="126"')).browser).toBe("Chrome");
      const view = headers('"Android WebView";v="123", "Chromium";v="123"');
      expect(labelAgent(`${VIEW} VivoBrowser/22.7.0.0`, view).browser).toBe("vivo Browser");
    });

    it("a Chromium that poses as Firefox or Safari is labelled by its brand", () => {
      const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0";
      expect(labelAgent(firefox, headers('"Chromium";v="126"')).browser).toBe("Chromium");
      expect(labelAgent(`${IPHONE} Safari/604.1`, headers('"Android WebView";v="126"')).browser).toBe(
        "Android WebView",
      );
    });

    it.each([
      ["Android", "Android"],
      ["Chrome OS", "ChromeOS"],
      ["Chromium OS", "ChromeOS"],
      ["Linux", "Linux"],
      ["Windows", "Windows"],
      ["macOS", "macOS"],
      ["iOS", "iOS"],
    ])("recognizes the platform %s", (platform, os) => {
      expect(labelAgent(undefined, headers(undefined, `"${platform}"`))).toEqual({ os });
    });

    it.each(["Windows", "Windows NT", '"windows"', '"Unknown"', '"Windows', '""', ""])(
      "uses the User-Agent when the platform hint is %s",
      (platform) => {
        expect(labelAgent(IPHONE, headers(undefined, platform)).os).toBe("iOS");
      },
    );

    it.each([
      ["Xbox", '"Windows"', "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) Edge/18.18363"],
      [
        "webOS",
        '"Linux"',
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/108.0.0.0 Safari/537.36",
      ],
      [
        "HarmonyOS",
        '"Android"',
        "Mozilla/5.0 (Linux; Android 12; HarmonyOS; TET-AN00) HuaweiBrowser/14.0.5.301",
      ],
    ])("keeps the device %s when the platform hint is only %s", (os, platform, userAgent) => {
      expect(labelAgent(userAgent, headers(undefined, platform)).os).toBe(os);
    });

    it("a mobile Chromium without a known platform is labelled Android", () => {
      expect(labelAgent("", headers('"Chromium";v="131"', undefined, "?1")).os).toBe("Android");
      expect(labelAgent("", headers('"Chromium";v="131"', undefined, "?0")).os).toBeUndefined();
      expect(labelAgent("", headers(undefined, undefined, "?1"))).toEqual({});
      expect(labelAgent(CHROME, headers('"Chromium";v="131"', undefined, "?1")).os).toBe("Windows");
    });

    it.each(['"Brave', '"Chromium";v="1", "Brave";v="', '"Brave\\', '"Brave\\"', "Brave", '"Brave\\";v="1"'])(
      "uses the User-Agent when the brand list is malformed: %s",
      (brands) => {
        expect(labelAgent(CHROME, headers(brands)).browser).toBe("Chrome");
      },
    );
  });

  describe("on hostile input", () => {
    const tables = [BOTS, TOOLS, OTHER_BOTS, APPS, BROWSERS, ENGINES, SYSTEMS];
    const tokens = tables.flatMap(({ labels }) => [...labels.keys()]);
    const pieces = fc.oneof(
      fc.constantFrom(...tokens, "Mozilla/5.0 (", "AppleWebKit/537.36", "Mac OS X", "Safari", "X11"),
      fc.constantFrom(
        '"',
        "\\",
        ",",
        ";",
        ";v=",
        "\0",
        "\ud800",
        "\udfff",
        "\u{1f600}",
        "\r\n",
        "__proto__",
        "constructor",
      ),
      fc.constantFrom("Google Chrome", "Brave", "Opera <b>", "Chromium", "Android", "Windows", "?1"),
      fc.string({ unit: "binary" }),
    );
    const text = joined(pieces, 40);
    const quoted = text.map((inside) => `"${inside}"`);

    it("returns only known labels, and no key without a label", () => {
      fc.assert(
        fc.property(text, fc.oneof(text, quoted), fc.oneof(text, quoted), text, (userAgent, ...hints) => {
          const { browser, os, ...rest } = labelAgent(userAgent, headers(...hints));
          expect(rest).toEqual({});
          expect([...BROWSER_LABELS, undefined]).toContain(browser);
          expect([...OS_LABELS, undefined]).toContain(os);
          expect(Object.values(labelAgent(userAgent, headers(...hints)))).not.toContain(undefined);
        }),
        fuzzRuns(2_000),
      );
    });

    it.each([
      ["nothing", undefined],
      ["an empty string", ""],
      ["NULs", "\0".repeat(100_000)],
      ["lone surrogates", "\ud800".repeat(100_000)],
      ["quotes", '"'.repeat(100_001)],
      ["backslashes", `"${"\\".repeat(100_000)}`],
      ["commas", ",".repeat(100_000)],
    ])("returns no label for %s", (_, hostile) => {
      expect(labelAgent(hostile)).toEqual({});
      expect(labelAgent(hostile, () => hostile)).toEqual({});
    });

    it.each(["Chrome/", "Mozilla/", "Mozilla/5.0 (", "(((((", "AppleWebKit/537.36 ", "Androi"])(
      "thousands of repetitions get the same label as one: %s",
      (token) => {
        const [once, often] = [token.repeat(80).slice(0, 512), token.repeat(20_000)];
        expect(labelAgent(often)).toEqual(labelAgent(once));
      },
    );

    it("reads only the first 512 characters of each header", () => {
      const padding = "x".repeat(512 - "Chrome/".length);
      expect(labelAgent(`${padding}Chrome/`)).toEqual({ browser: "Chrome" });
      expect(labelAgent(`${padding} Chrome/`)).toEqual({});
      const brand = (spaces: number) => headers(`${" ".repeat(spaces)}"Brave"`);
      expect(labelAgent("", brand(512 - 7))).toEqual({ browser: "Brave" });
      expect(labelAgent("", brand(512 - 6))).toEqual({});
      fc.assert(
        fc.property(text, text, (start, end) => {
          const first = start.padEnd(512).slice(0, 512);
          expect(labelAgent(first + end, () => first + end)).toEqual(labelAgent(first, () => first));
        }),
      );
    });

    it("searches each token at most once, in at most 512 characters", () => {
      // The last token of the last tables: none of the searches ends early.
      for (const text of ["Mozilla/5.0 Trident/ linux ", "Alamofire/ linux "]) {
        const searches = searchesIn(() => labelAgent(text.repeat(2_000), () => text.repeat(2_000)));
        expect(searches.length).toBeGreaterThan(30);
        expect(searches.length).toBeLessThanOrEqual(tokens.length);
        expect(Math.max(...searches)).toBe(512);
      }
    });
  });
});

/** The lengths of the texts that are searched for a token while `run` runs. */
function searchesIn(run: () => void): number[] {
  const lengths: number[] = [];
  const { includes } = String.prototype;
  String.prototype.includes = function (token: string, ...rest: [number?]): boolean {
    lengths.push(this.length);
    return includes.call(this, token, ...rest);
  };
  try {
    run();
  } finally {
    String.prototype.includes = includes;
  }
  return lengths;
}
