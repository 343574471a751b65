/** Tokens and their labels, strongest first: the first token that a text contains decides. */
export interface Table {
  readonly labels: ReadonlyMap<string, string>;
  /** Matches any token. Most tables have none in a given text, which one test finds out. */
  readonly pattern: RegExp;
}

/**
 * Compiles rows such as `Label=token|token`. Without a label, the first token is the label, less a slash or hyphen at its end.
 * Tokens are literal and case-sensitive.
 */
export function createTable(rows: readonly string[]): Table {
  const labels = new Map<string, string>();
  for (const row of rows) {
    const [first = "", ...others] = row.split(/[=|]/);
    const tokens = row.includes("=") ? others : [first, ...others];
    for (const token of tokens) labels.set(token, first.replace(/[-/]$/, ""));
  }
  return { labels, pattern: new RegExp([...labels.keys()].join("|").replace(/[.()]/g, "\\$&")) };
}

/** The label of the first token that `text` contains. */
export function findLabel({ labels, pattern }: Table, text: string): string | undefined {
  if (!pattern.test(text)) return undefined;
  for (const [token, label] of labels) if (text.includes(token)) return label;
  return undefined;
}

/** Crawlers and monitors that are known by name. */
export const BOTS: Table = createTable([
  "Googlebot",
  "Google crawler=-Google|Google-|GoogleOther",
  "Bingbot=bingbot",
  "Applebot",
  "DuckDuckBot|DuckAssistBot",
  "YandexBot|compatible; Yandex",
  "Baiduspider",
  "GPTBot",
  "ChatGPT=ChatGPT-User|OAI-SearchBot",
  "ClaudeBot",
  "Claude-",
  "PerplexityBot",
  "Perplexity=Perplexity-User",
  "Mistral=MistralAI",
  "Amazonbot",
  "Bytespider",
  "CCBot",
  "PetalBot",
  "AhrefsBot",
  "SemrushBot",
  "LinkedInBot",
  "TelegramBot",
  "Twitterbot",
  // KakaoTalk's preview begins with Facebook's name.
  "Bot=kakaotalk-scrap",
  "Meta crawler=facebookexternalhit|meta-external",
  "Pinterestbot",
  "Slackbot",
  "Discordbot",
  "UptimeRobot",
  "Pingdom",
  "Lighthouse",
]);

/** Libraries and command-line tools. Their strings do not begin with `Mozilla/`. */
export const TOOLS: Table = createTable([
  "curl/",
  "Wget/",
  "HTTPie/",
  "Postman=PostmanRuntime/",
  "Insomnia=insomnia/",
  "Git=git/",
  "Deno/",
  "Bun/",
  // npm's string goes on with "node/".
  "Node.js=node|undici|axios/|got (",
  "Python requests=python-requests/",
  // "Python/3.12 aiohttp/3.10", "python-httpx/0.27".
  "Python=ython",
  "Go=Go-http-client/",
  "okhttp/",
  "Java/|Java-http-client/",
  "Dart/",
  "PHP=GuzzleHttp/",
  "Ruby|Faraday",
  "Perl=libwww-perl/",
  "Rust=reqwest/|ureq/",
  "Android app=Dalvik/",
  "Apple app=CFNetwork/|Alamofire/",
]);

/** Other bots: by custom they call themselves one, or give the page that explains them. Some tools give a page too. */
export const OTHER_BOTS: Table = createTable(["Bot=bot/|Bot/|Bot;|bot)|rawler|pider|://"]);

/** Programs that drive a browser engine or embed its web view. Their strings keep the browser's tokens. */
export const APPS: Table = createTable([
  "Headless Chrome=HeadlessChrome/",
  "PowerShell/",
  // Meta's newest apps say "MetaIAB Instagram", so the general Facebook tokens come last. Threads calls itself Barcelona.
  "Threads=Barcelona|MetaIAB Threads",
  "Instagram",
  "Messenger=FBAN/Messenger|FB_IAB/MESSENGER|Orca-Android",
  "Facebook=FBAN/|FBAV/|MetaIAB",
  "TikTok|musical_ly|trill_",
  "Snapchat",
  // Before QQ's browser: WeChat names the engine that they share.
  "WeChat=MicroMessenger/",
  // With the space: "Online/" and "Airline/" end the same.
  "Line= Line/",
  "KakaoTalk=KAKAOTALK",
  "Naver=NAVER(",
  "X=Twitter for |TwitterAndroid",
  "Reddit/",
  "Telegram-",
  "WhatsApp/",
  "LinkedIn=LinkedInApp",
  "Pinterest/",
  "Google app=GSA/|GoogleApp/",
  // "discord/" on desktops, "Discord/" on phones.
  "Discord=iscord/",
  "Slack/",
  "Teams/",
  "Steam=Valve Steam",
  "VS Code= Code/",
  "Roku/",
  // After every desktop app that is known by name.
  "Electron app=Electron/",
]);

/** Browsers that derive from an engine and say so: nearly all say Chrome, and those on iOS say Safari. */
export const BROWSERS: Table = createTable([
  "DuckDuckGo/|Ddg/",
  "Edge/|Edg/|EdgA/|EdgiOS/",
  "Opera|OPR/|OPT/|OPX/",
  // Says SamsungBrowser too.
  "Meta Quest Browser=OculusBrowser/",
  "Samsung Internet=SamsungBrowser/",
  "Yandex=YaBrowser/|YaSearchBrowser/",
  "Vivaldi/",
  "Brave",
  "ChatGPT Atlas=Atlas/",
  "Whale/",
  "Ecosia",
  "Aloha=AlohaBrowser/",
  "Silk/",
  "UC Browser=UCBrowser",
  "Mi Browser=MiuiBrowser/",
  "Huawei Browser=HuaweiBrowser/",
  "OPPO Browser=HeyTapBrowser/",
  "vivo Browser=VivoBrowser/",
  "QQ Browser=QQBrowser/",
  "Quark/",
  "Baidu=baiduboxapp/",
  "Tesla/",
  "Chromecast=CrKey",
  "TV browser=SMART-TV|SmartTV",
  "PlayStation browser=PlayStation|PLAYSTATION",
  "Nintendo browser=Nintendo",
  "KaiOS browser=KAIOS",
  "HarmonyOS WebView=ArkWeb/",
  "Thunderbird/",
  // Says Firefox.
  "SeaMonkey/",
  "GNOME Web=Epiphany/",
]);

/** Labels that a Chromium earns when it has no name of its own, or when it poses as another browser. */
export const ENGINES: Table = createTable([
  // Only the web view says "Version/4.0" and Chrome, also where an app has removed the mark "wv".
  "Android WebView=; wv)|Version/4.0 Chrome/",
  "Chromium/",
  "Chrome/|CriOS/",
  "Firefox/|FxiOS/",
  "Internet Explorer=MSIE |Trident/",
]);

/** Devices come before the system that they build on or claim to be. */
export const SYSTEMS: Table = createTable([
  // Says Android and iPhone.
  "Windows Phone",
  // Says Windows NT.
  "Xbox|XBOX",
  "PlayStation|PLAYSTATION",
  "Nintendo",
  // These say Linux, some of them Android.
  "Tizen",
  "webOS=Web0S",
  "VIDAA",
  "KaiOS=KAIOS",
  "HarmonyOS|OpenHarmony",
  "Meta Quest=; Quest",
  "Roku/",
  "ChromeOS=CrOS ",
  "Fuchsia",
  "FreeBSD",
  // Apple's handhelds say "like Mac OS X". They say Macintosh when they ask for desktop pages, but also CriOS or FxiOS.
  "tvOS=AppleTV|Apple TV",
  "iPadOS=iPad",
  "iOS|iPhone",
  // Says Linux.
  "Android",
  "Windows",
  "macOS|Macintosh|Mac OS X",
  "Linux|linux",
]);
