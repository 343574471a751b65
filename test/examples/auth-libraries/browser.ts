import { parseSetCookie } from "cookie";

/** A page on which a navigation ended. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  /** The addresses of all responses of the navigation, redirects included. */
  readonly visited: readonly string[];
  /** The Set-Cookie lines of all responses of the navigation. */
  readonly cookies: readonly string[];
}

/** A browser that follows redirects between origins, submits forms, and has a cookie jar for each origin. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  /** Returns the cookies of an origin by name. */
  jar(origin: string): Map<string, string> {
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    return jar;
  }

  /** Returns another browser with the same cookies. */
  copy(): Browser {
    const copy = new Browser();
    for (const [origin, jar] of this.#jars)
      for (const [name, value] of jar) copy.jar(origin).set(name, value);
    return copy;
  }

  get(url: string | URL): Promise<Page> {
    return this.navigate(new Request(url));
  }

  /** Sends a form as a page does, by default one of the same origin. */
  post(
    url: string | URL,
    fields: Readonly<Record<string, string>> = {},
    from = new URL(url).origin,
  ): Promise<Page> {
    const site = from === new URL(url).origin ? "same-origin" : "cross-site";
    const headers = { origin: from, "sec-fetch-site": site };
    return this.navigate(new Request(url, { method: "POST", headers, body: new URLSearchParams(fields) }));
  }

  /** Sends JSON as a script of the same origin does. */
  send(url: string, body: object): Promise<Page> {
    const { origin } = new URL(url);
    const headers = { origin, "sec-fetch-site": "same-origin", "content-type": "application/json" };
    return this.navigate(new Request(url, { method: "POST", headers, body: JSON.stringify(body) }));
  }

  /** Submits the first form of a page whose action contains a text. */
  submit(page: Page, fields: Readonly<Record<string, string>> = {}, action = ""): Promise<Page> {
    const form = page.text.match(/<form.*?<\/form>/gs)?.find((each) => toAction(each).includes(action));
    if (!form) throw new Error(`${page.url} has no form with "${action}" in its action:\n${page.text}`);
    const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]): [string, string] => [
      /name="([^"]*)"/.exec(input)?.[1] ?? "",
      /value="([^"]*)"/.exec(input)?.[1] ?? "",
    ]);
    const url = new URL(toAction(form), page.url);
    return this.post(url, { ...Object.fromEntries(hidden), ...fields }, page.url.origin);
  }

  /** Sends a request and follows redirects as long as `follows` accepts their address. */
  async navigate(first: Request, follows: (url: URL) => boolean = () => true): Promise<Page> {
    let request = first;
    const visited: string[] = [];
    const cookies: string[] = [];
    for (let hop = 0; hop < 20; hop++) {
      const url = new URL(request.url);
      const jar = this.jar(url.origin);
      if (jar.size > 0) request.headers.set("cookie", [...jar].map((pair) => pair.join("=")).join("; "));
      const response = await fetch(request, { redirect: "manual" });
      visited.push(request.url);
      for (const line of response.headers.getSetCookie()) {
        cookies.push(line);
        keep(jar, line);
      }
      const location = response.headers.get("location");
      const next = location && response.status >= 300 ? new URL(location, url) : undefined;
      if (!next || !follows(next))
        return { url: next ?? url, status: response.status, text: await response.text(), visited, cookies };
      await response.body?.cancel();
      request = new Request(next);
    }
    throw new Error(`Too many redirects:\n${visited.join("\n")}`);
  }
}

function toAction(form: string): string {
  return /action="([^"]*)"/.exec(form)?.[1]?.replaceAll("&amp;", "&") ?? "";
}

function keep(jar: Map<string, string>, line: string): void {
  const { name, value = "", maxAge, expires } = parseSetCookie(line, { decode: (text) => text });
  const isOver = maxAge === undefined ? expires !== undefined && expires <= new Date() : maxAge <= 0;
  if (isOver) jar.delete(name);
  else jar.set(name, value);
}
