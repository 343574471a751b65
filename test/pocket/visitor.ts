import { parseSetCookie } from "../../src/testing/adapter/client.ts";

/** A page that a visitor has reached. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

/** A cookie of one origin. */
interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** A browser: keeps the cookies of each host and port, follows redirects and sends forms. */
export class Visitor {
  /** The cookies of each origin, by name and path. */
  readonly #jars = new Map<string, Map<string, Cookie>>();

  /** Returns another client with the same cookies. */
  copy(): Visitor {
    const other = new Visitor();
    for (const [origin, jar] of this.#jars) other.#jars.set(origin, new Map(jar));
    return other;
  }

  /** Returns the names of an origin's cookies. */
  cookieNames(origin: string): readonly string[] {
    return [...this.#jar(origin).values()].map(({ name }) => name);
  }

  #jar(origin: string): Map<string, Cookie> {
    const jar = this.#jars.get(origin) ?? new Map<string, Cookie>();
    this.#jars.set(origin, jar);
    return jar;
  }

  /** Requests a page, and follows redirects while `follows` allows it. The last URL is that of the page or of the redirect. */
  async visit(
    address: string | URL,
    init: RequestInit = {},
    follows: (to: URL) => boolean = () => true,
  ): Promise<Page> {
    const url = new URL(address);
    const jar = this.#jar(url.origin);
    const sent = [...jar.values()].filter(({ path }) => url.pathname.startsWith(path));
    const cookie = sent.map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) {
      const { name, value, attributes } = parseSetCookie(line);
      const path = attributes.get("path") ?? "/";
      const isOver =
        attributes.get("max-age") === "0" || new Date(attributes.get("expires") ?? 8e15) < new Date();
      if (isOver) jar.delete(`${name};${path}`);
      else jar.set(`${name};${path}`, { name, value, path });
    }
    const location = response.headers.get("location");
    if (location === null) return { url, status: response.status, text: await response.text() };
    const to = new URL(location, url);
    if (!follows(to)) return { url: to, status: response.status, text: "" };
    return this.visit(to, {}, follows);
  }

  /** Sends the form of a page, with these fields instead of the empty ones. */
  submit(
    page: Page,
    fields: Readonly<Record<string, string>>,
    follows?: (to: URL) => boolean,
  ): Promise<Page> {
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? page.url.href;
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const body = new URLSearchParams([
      ...hidden.map(([, name = "", value = ""]) => [name, value]),
      ...Object.entries(fields),
    ]);
    return this.visit(new URL(action, page.url), { method: "POST", body }, follows);
  }
}
