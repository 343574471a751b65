import { parseSetCookie, stringifyCookie } from "cookie";

/** A response whose body has been read. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  /** Where the response redirects to. */
  readonly location: URL | undefined;
}

interface StoredCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** A browser with a cookie jar for each origin. It follows no redirect by itself. */
export class Browser {
  readonly #jars: Map<string, readonly StoredCookie[]>;

  constructor(jars: Iterable<readonly [string, readonly StoredCookie[]]> = []) {
    this.#jars = new Map(jars);
  }

  /** Returns another browser with the same cookies, as an attacker has who copied them. */
  copy(): Browser {
    return new Browser(this.#jars);
  }

  /** Returns the value of the cookie with this name. */
  cookie(url: string, name: string): string | undefined {
    return this.#jars.get(new URL(url).origin)?.find((cookie) => cookie.name === name)?.value;
  }

  get(url: string | URL): Promise<Page> {
    return this.#send(new URL(url), {});
  }

  post(
    url: string | URL,
    form: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    return this.#send(new URL(url), { method: "POST", body: new URLSearchParams(form), headers });
  }

  async #send(url: URL, init: RequestInit & { headers?: Readonly<Record<string, string>> }): Promise<Page> {
    const jar = this.#jars.get(url.origin) ?? [];
    const sent = jar.filter(({ path }) => isBelow(url.pathname, path));
    const cookie = stringifyCookie(Object.fromEntries(sent.map(({ name, value }) => [name, value])), {
      encode: (value) => value,
    });
    const headers = { ...(cookie && { cookie }), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) this.#receive(url, line);
    const location = response.headers.get("location");
    return {
      url,
      status: response.status,
      text: await response.text(),
      location: location === null ? undefined : new URL(location, url),
    };
  }

  #receive(url: URL, line: string): void {
    const {
      name,
      value = "",
      maxAge,
      expires,
      path = "/",
    } = parseSetCookie(line, { decode: (text) => text });
    const isOver = maxAge === undefined ? expires !== undefined && expires <= new Date() : maxAge <= 0;
    const others = (this.#jars.get(url.origin) ?? []).filter(
      (each) => each.name !== name || each.path !== path,
    );
    this.#jars.set(url.origin, isOver ? others : [...others, { name, value, path }]);
  }
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(parent.endsWith("/") ? parent : `${parent}/`);
}
