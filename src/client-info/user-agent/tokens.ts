/** A label and the literal tokens that earn it. Tables are read from the top: the first token found decides. */
export type Row = readonly [label: string, ...tokens: string[]];

/** Crawlers and monitors. What system they claim to run on is made up. */
export const BOTS: readonly Row[] = [
  ["Googlebot", "Googlebot"],
  ["Google crawler", "-Google", "Google-", "GoogleOther"],
  ["Bingbot", "bingbot"],
  ["Applebot", "Applebot"],
  ["DuckDuckBot", "DuckDuckBot", "DuckAssistBot"],
  ["YandexBot", "YandexBot", "compatible; Yandex"],
  ["Baiduspider", "Baiduspider"],
  ["GPTBot", "GPTBot"],
  ["ChatGPT", "ChatGPT-User", "OAI-SearchBot"],
  ["ClaudeBot", "ClaudeBot"],
  ["Claude", "Claude-"],
  ["PerplexityBot", "PerplexityBot"],
  ["Perplexity", "Perplexity-User"],
  ["Mistral", "MistralAI"],
  ["Amazonbot", "Amazonbot"],
  ["Bytespider", "Bytespider"],
  ["CCBot", "CCBot"],
  ["PetalBot", "PetalBot"],
  ["AhrefsBot", "AhrefsBot"],
  ["SemrushBot", "SemrushBot"],
  ["LinkedInBot", "LinkedInBot"],
  ["TelegramBot", "TelegramBot"],
  ["Twitterbot", "Twitterbot"],
  // KakaoTalk's preview begins with Facebook's name.
  ["Bot", "kakaotalk-scrap"],
  ["Meta crawler", "facebookexternalhit", "meta-external"],
  ["Pinterestbot", "Pinterestbot"],
  ["Slackbot", "Slackbot"],
  ["Discordbot", "Discordbot"],
  ["UptimeRobot", "UptimeRobot"],
  ["Pingdom", "Pingdom"],
  ["Lighthouse", "Lighthouse"],
];

/** Any other that follows the custom of naming itself a bot, or of giving the page that explains it. */
export const OTHER_BOTS: readonly Row[] = [["Bot", "bot/", "Bot/", "Bot;", "bot)", "rawler", "pider", "://"]];

/** Libraries and command-line tools. Their strings do not begin with `Mozilla/`. */
export const TOOLS: readonly Row[] = [
  ["curl", "curl/"],
  ["Wget", "Wget/"],
  ["HTTPie", "HTTPie/"],
  ["Postman", "PostmanRuntime/"],
  ["Insomnia", "insomnia/"],
  ["Git", "git/"],
  ["Deno", "Deno/"],
  ["Bun", "Bun/"],
  // npm's goes on with "node/".
  ["Node.js", "node", "undici", "axios/", "got ("],
  ["Python requests", "python-requests/"],
  // "Python/3.12 aiohttp/3.10", "python-httpx/0.27".
  ["Python", "ython"],
  ["Go", "Go-http-client/"],
  ["okhttp", "okhttp/"],
  ["Java", "Java/", "Java-http-client/"],
  ["Dart", "Dart/"],
  ["PHP", "GuzzleHttp/"],
  ["Ruby", "Ruby", "Faraday"],
  ["Perl", "libwww-perl/"],
  ["Rust", "reqwest/", "ureq/"],
  ["Android app", "Dalvik/"],
  ["Apple app", "CFNetwork/", "Alamofire/"],
];

/** Programs that drive an engine or embed its web view: before the browsers, whose tokens their strings keep. */
export const APPS: readonly Row[] = [
  ["Headless Chrome", "HeadlessChrome/"],
  ["PowerShell", "PowerShell/"],
  // Meta's own: the newest say "MetaIAB Instagram", so the general Facebook tokens come last. Threads calls itself Barcelona.
  ["Threads", "Barcelona", "MetaIAB Threads"],
  ["Instagram", "Instagram"],
  ["Messenger", "FBAN/Messenger", "FB_IAB/MESSENGER", "Orca-Android"],
  ["Facebook", "FBAN/", "FBAV/", "MetaIAB"],
  ["TikTok", "musical_ly", "trill_", "TikTok"],
  ["Snapchat", "Snapchat"],
  // Before QQ's browser: WeChat names the engine they share.
  ["WeChat", "MicroMessenger/"],
  // The space: "Online/" and "Airline/" end the same.
  ["Line", " Line/"],
  ["KakaoTalk", "KAKAOTALK"],
  ["Naver", "NAVER("],
  ["X", "Twitter for ", "TwitterAndroid"],
  ["Reddit", "Reddit/"],
  ["Telegram", "Telegram-"],
  ["WhatsApp", "WhatsApp/"],
  ["LinkedIn", "LinkedInApp"],
  ["Pinterest", "Pinterest/"],
  ["Google app", "GSA/", "GoogleApp/"],
  // "discord/" on desks, "Discord/" on phones.
  ["Discord", "iscord/"],
  ["Slack", "Slack/"],
  ["Teams", "Teams/"],
  ["Steam", "Valve Steam"],
  ["VS Code", " Code/"],
  ["Roku", "Roku/"],
  // After every desktop app that is known by name.
  ["Electron app", "Electron/"],
];

/** Derivatives before what they derive from: nearly all say Chrome, and those on iOS say Safari. */
export const BROWSERS: readonly Row[] = [
  ["DuckDuckGo", "Ddg/", "DuckDuckGo/"],
  ["Edge", "Edg/", "EdgA/", "EdgiOS/", "Edge/"],
  ["Opera", "OPR/", "OPT/", "OPX/", "Opera"],
  // Says SamsungBrowser too.
  ["Meta Quest Browser", "OculusBrowser/"],
  ["Samsung Internet", "SamsungBrowser/"],
  ["Yandex", "YaBrowser/", "YaSearchBrowser/"],
  ["Vivaldi", "Vivaldi/"],
  ["Brave", "Brave"],
  ["ChatGPT Atlas", "Atlas/"],
  ["Whale", "Whale/"],
  ["Ecosia", "Ecosia"],
  ["Aloha", "AlohaBrowser/"],
  ["Silk", "Silk/"],
  ["UC Browser", "UCBrowser"],
  ["Mi Browser", "MiuiBrowser/"],
  ["Huawei Browser", "HuaweiBrowser/"],
  ["OPPO Browser", "HeyTapBrowser/"],
  ["vivo Browser", "VivoBrowser/"],
  ["QQ Browser", "QQBrowser/"],
  ["Quark", "Quark/"],
  ["Baidu", "baiduboxapp/"],
  ["Tesla", "Tesla/"],
  ["Chromecast", "CrKey"],
  ["TV browser", "SMART-TV", "SmartTV"],
  ["PlayStation browser", "PlayStation", "PLAYSTATION"],
  ["Nintendo browser", "Nintendo"],
  ["KaiOS browser", "KAIOS"],
  ["HarmonyOS WebView", "ArkWeb/"],
  // The web view alone says "Version/4.0" and Chrome, also where an app has removed its mark.
  ["Android WebView", "; wv)", "Version/4.0 Chrome/"],
  ["Chromium", "Chromium/"],
  ["Chrome", "Chrome/", "CriOS/"],
  ["Thunderbird", "Thunderbird/"],
  // Says Firefox.
  ["SeaMonkey", "SeaMonkey/"],
  ["Firefox", "Firefox/", "FxiOS/"],
  ["Internet Explorer", "MSIE ", "Trident/"],
  ["GNOME Web", "Epiphany/"],
];

/** Devices before the system they build on or claim to be. */
export const SYSTEMS: readonly Row[] = [
  // Says Android and iPhone.
  ["Windows Phone", "Windows Phone"],
  // Says Windows NT.
  ["Xbox", "Xbox", "XBOX"],
  ["PlayStation", "PlayStation", "PLAYSTATION"],
  ["Nintendo", "Nintendo"],
  // These say Linux, some of them Android.
  ["Tizen", "Tizen"],
  ["webOS", "Web0S"],
  ["VIDAA", "VIDAA"],
  ["KaiOS", "KAIOS"],
  ["HarmonyOS", "HarmonyOS", "OpenHarmony"],
  ["Meta Quest", "; Quest"],
  ["Roku", "Roku/"],
  ["ChromeOS", "CrOS "],
  ["Fuchsia", "Fuchsia"],
  ["FreeBSD", "FreeBSD"],
  // Apple's handhelds say "like Mac OS X", or Macintosh where they ask for desktop pages: then CriOS or FxiOS betrays them.
  ["tvOS", "AppleTV", "Apple TV"],
  ["iPadOS", "iPad"],
  ["iOS", "iPhone", "iOS"],
  // Says Linux.
  ["Android", "Android"],
  ["Windows", "Windows"],
  ["macOS", "Macintosh", "Mac OS X", "macOS"],
  ["Linux", "Linux", "linux"],
];

/** Labels of strings that a Chromium sends when it has no name of its own, or puts on another browser's. */
export const ENGINES: readonly string[] = [
  "Android WebView",
  "Chrome",
  "Chromium",
  "Firefox",
  "Internet Explorer",
  "Safari",
  "WebView",
  "iOS WebView",
];

/** Systems that say nothing of the device. */
export const PLATFORMS: readonly string[] = ["Android", "Linux", "Windows", "iOS", "macOS"];
