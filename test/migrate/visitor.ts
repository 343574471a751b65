import { parseSetCookie, stringifyCookie } from "cookie";

/** A browser: stores cookies and sends them. It reaches the apps as through a proxy that terminates TLS. */
export class Visitor {
  readonly jar: Map<string, string>;

  constructor(cookies: Iterable<readonly [string, string]> = []) {
    this.jar = new Map(cookies);
  }

  /** Returns another client with the same cookies. */
  copy(): Visitor {
    return new Visitor(this.jar);
  }

  get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.request(url, { headers });
  }

  post(
    url: string,
    body: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const json = { "content-type": "application/json", ...headers };
    return this.request(url, { method: "POST", body: JSON.stringify(body), headers: json });
  }

  /** Sends a request with the cookies and stores those of the response. Does not follow redirects. */
  async request(
    url: string,
    { headers, ...init }: RequestInit & { headers: Readonly<Record<string, string>> },
  ): Promise<Response> {
    const cookie = stringifyCookie(Object.fromEntries(this.jar), { encode: (value) => value });
    const sent = { "x-forwarded-proto": "https", ...(cookie && { cookie }), ...headers };
    const response = await fetch(url, { ...init, headers: sent, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) this.#receive(line);
    return response;
  }

  #receive(line: string): void {
    const { name, value = "", maxAge, expires } = parseSetCookie(line, { decode: (text) => text });
    const isOver = maxAge === undefined ? expires !== undefined && expires <= new Date() : maxAge <= 0;
    if (isOver) this.jar.delete(name);
    else this.jar.set(name, value);
  }
}
