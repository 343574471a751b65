import type { Agent } from "../session.ts";

/** A label and the literal tokens that earn it. Tables are read from the top, the first token found decides. */
type Row = readonly [label: string, ...tokens: string[]];

/** Crawlers and monitors. What system they claim to run on is made up. */
const BOTS: readonly Row[] = [
  ["Googlebot", "Googlebot"],
  ["Google crawler", "AdsBot-Google", "Google-", "GoogleOther", "-Google"],
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
  // LinkedIn's names an HTTP library, and Telegram's says "like TwitterBot": theirs before anything more general.
  ["LinkedInBot", "LinkedInBot"],
  ["TelegramBot", "TelegramBot"],
  ["Twitterbot", "Twitterbot"],
  ["Meta crawler", "facebookexternalhit", "meta-external", "Facebot"],
  ["Pinterestbot", "Pinterestbot"],
  ["Slackbot", "Slackbot"],
  ["Discordbot", "Discordbot"],
  ["UptimeRobot", "UptimeRobot"],
  ["Pingdom", "Pingdom"],
];

/** Any other that follows the custom of naming itself a bot, or of giving the page that explains it. */
const OTHER_BOTS: readonly Row[] = [
  ["Bot", "bot/", "Bot/", "bot;", "Bot;", "bot)", "Bot)", "crawler", "Crawler", "spider", "Spider", "+http"],
];

/** Only one that passes this looks like a bot at all: it saves people's browsers the whole table. */
const BOT_SIGNS: readonly Row[] = [["Bot", "compatible;", "http", "bot", "Bot", "pider", "rawler", "Claude-"]];

/** What drives itself although its string is otherwise a browser's. */
const HEADLESS: readonly Row[] = [
  ["Lighthouse", "Chrome-Lighthouse"],
  ["Headless Chrome", "HeadlessChrome/"],
  ["PowerShell", "PowerShell/"],
];

/** Libraries and command-line tools. Their strings do not begin with `Mozilla/`. */
const TOOLS: readonly Row[] = [
  ["curl", "curl/"],
  ["Wget", "Wget/"],
  ["HTTPie", "HTTPie/"],
  ["Postman", "PostmanRuntime/"],
  ["Insomnia", "insomnia/"],
  ["Bruno", "bruno-runtime/"],
  ["k6", "k6/"],
  ["Git", "git/"],
  ["Deno", "Deno/"],
  ["Bun", "Bun/"],
  // npm's goes on with "node/v22.1.0".
  ["npm", "npm/"],
  ["Node.js", "node", "undici", "axios/", "got ("],
  ["Python requests", "python-requests/"],
  // aiohttp's begins with "Python/3.12".
  ["Python", "ython"],
  ["Go", "Go-http-client/"],
  ["okhttp", "okhttp/"],
  ["Java", "Java/", "Java-http-client/", "Apache-HttpClient/"],
  ["Dart", "Dart/"],
  ["PHP", "GuzzleHttp/", "PHP"],
  ["Ruby", "Ruby", "Faraday"],
  ["Perl", "libwww-perl/"],
  ["Rust", "reqwest/", "ureq/", "hyper/"],
  ["Android app", "Dalvik/"],
  ["Apple app", "CFNetwork/", "Alamofire/"],
];

/** Apps that show pages in a web view of their own: before the browsers, whose tokens their strings keep. */
const APPS: readonly Row[] = [
  // Meta's own: the newest say "MetaIAB Instagram", so the general Facebook tokens come last. Threads calls itself Barcelona.
  ["Threads", "Barcelona", "MetaIAB Threads"],
  ["Instagram", "Instagram"],
  ["Messenger", "FBAN/Messenger", "FB_IAB/MESSENGER", "Orca-Android"],
  ["Facebook", "FBAN/", "FBAV/", "FB_IAB", "MetaIAB"],
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
  ["Discord", "iscord/"],
  ["Slack", "Slack/"],
  ["Teams", "Teams/"],
  ["Steam", "Valve Steam"],
  ["VS Code", " Code/"],
  ["Roku", "Roku/"],
  // After every desktop app that is known by name.
  ["Electron app", "Electron/"],
];

/** Derivatives before what they derive from: nearly all say Chrome, and Chrome says Safari. */
const BROWSERS: readonly Row[] = [
  // On Windows DuckDuckGo is a web view of Edge's and may keep its token.
  ["DuckDuckGo", "Ddg/", "DuckDuckGo/"],
  ["Edge", "Edg/", "EdgA/", "EdgiOS/", "Edge/"],
  ["Opera", "OPR/", "OPT/", "OPX/", "OPiOS/", "Opera"],
  // Says SamsungBrowser too.
  ["Meta Quest Browser", "OculusBrowser/"],
  ["Samsung Internet", "SamsungBrowser/"],
  ["Yandex", "YaBrowser/", "YaSearchBrowser/"],
  ["Vivaldi", "Vivaldi/"],
  ["Brave", "Brave/"],
  ["ChatGPT Atlas", "Atlas/"],
  ["Whale", "Whale/"],
  ["Ecosia", "Ecosia"],
  ["Aloha", "AlohaBrowser/"],
  ["Silk", "Silk/"],
  ["UC Browser", "UCBrowser", "UCWEB"],
  ["Mi Browser", "MiuiBrowser/"],
  ["Huawei Browser", "HuaweiBrowser/"],
  ["OPPO Browser", "HeyTapBrowser/"],
  ["vivo Browser", "VivoBrowser/"],
  ["QQ Browser", "QQBrowser/"],
  ["Quark", "Quark/"],
  ["Baidu", "baiduboxapp/"],
  ["Tesla", "Tesla/"],
  ["Chromecast", "CrKey"],
  ["TV browser", "SMART-TV", "SmartTV", "VIDAA"],
  ["PlayStation browser", "PlayStation"],
  ["Nintendo browser", "Nintendo"],
  ["KaiOS browser", "KAIOS"],
  ["HarmonyOS WebView", "ArkWeb/"],
  // "Version/4.0" with Chrome's is said by the web view alone, also where an app has removed the mark.
  ["Android WebView", "; wv)", "Version/4.0 Chrome/"],
  ["Chromium", "Chromium/"],
  ["Chrome", "Chrome/", "CriOS/"],
  ["Thunderbird", "Thunderbird/"],
  ["SeaMonkey", "SeaMonkey/"],
  ["Firefox", "Firefox/", "FxiOS/", "Focus/"],
  ["Internet Explorer", "MSIE ", "Trident/"],
  ["GNOME Web", "Epiphany/"],
];

/** Devices before the system they build on or claim to be. */
const SYSTEMS: readonly Row[] = [
  // Says Android and iPhone.
  ["Windows Phone", "Windows Phone"],
  // Says Windows NT.
  ["Xbox", "Xbox", "XBOX"],
  ["PlayStation", "PlayStation", "PLAYSTATION"],
  ["Nintendo", "Nintendo"],
  // These say Linux or X11, some of them Android.
  ["Tizen", "Tizen"],
  ["webOS", "Web0S", "webOS"],
  ["VIDAA", "VIDAA"],
  ["KaiOS", "KAIOS"],
  ["HarmonyOS", "HarmonyOS", "OpenHarmony"],
  ["Meta Quest", "; Quest"],
  ["Roku", "Roku/"],
  ["ChromeOS", "CrOS "],
  ["FreeBSD", "FreeBSD"],
  ["OpenBSD", "OpenBSD"],
  // Apple's handhelds say "like Mac OS X". A tablet that asks for desktop pages says Macintosh, and only CriOS, FxiOS, EdgiOS betray it.
  ["tvOS", "AppleTV", "Apple TV"],
  ["iPadOS", "iPad"],
  ["iOS", "iPhone", "iPod", "iOS"],
  // Says Linux.
  ["Android", "Android"],
  ["Windows", "Windows"],
  ["macOS", "Macintosh", "Mac OS X", "macOS"],
  ["Linux", "Linux", "X11", "linux"],
];
