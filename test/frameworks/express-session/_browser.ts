import { parseSetCookie, type SetCookie, stringifyCookie } from "cookie";

/** A response as a browser sees it. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The cookies that the response sets, by name. */
  readonly cookies: ReadonlyMap<string, SetCookie>;
}

/** A browser: stores cookies and sends them, but follows no redirect by itself. */
export class Browser {
  readonly origin: string;
  readonly jar: Map<string, string>;

  constructor(origin: string, jar: Iterable<readonly [string, string]> = []) {
    this.origin = origin;
    this.jar = new Map(jar);
  }

  /** Returns a second window: the same cookies, kept apart from now on. */
  copy(): Browser {
    return new Browser(this.origin, this.jar);
  }

  get(path = "/", headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.request(path, { headers });
  }

  post(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.request(path, { method: "POST", headers });
  }

  async request(
    path: string,
    { headers, ...init }: RequestInit & { readonly headers: Readonly<Record<string, string>> },
  ): Promise<Answer> {
    const cookie = stringifyCookie(Object.fromEntries(this.jar), { encode: (value) => value });
    const response = await fetch(new URL(path, this.origin), {
      ...init,
      headers: { ...(cookie && { cookie }), ...headers },
      redirect: "manual",
    });
    const cookies = new Map<string, SetCookie>();
    for (const line of response.headers.getSetCookie()) {
      const parsed = parseSetCookie(line, { decode: (text) => text });
      cookies.set(parsed.name, parsed);
      if (parsed.maxAge === 0) this.jar.delete(parsed.name);
      else this.jar.set(parsed.name, parsed.value ?? "");
    }
    return { status: response.status, text: await response.text(), headers: response.headers, cookies };
  }
}
