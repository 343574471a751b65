import assert from "node:assert/strict";
import { connect } from "node:net";

/** What a phone sends as its User-Agent. */
export const PIXEL: string =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Every Set-Cookie line. */
  readonly cookies: readonly string[];
  readonly text: string;
  /** The body as JSON. Throws where it is none. */
  json(): never;
}

/** A client with a jar of its own, as a browser is. */
export class ContractClient {
  /** Cookies by name, as they would be sent. */
  readonly jar: Map<string, string> = new Map();
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(origin: string, headers: Readonly<Record<string, string>> = {}) {
    this.#origin = origin;
    this.#headers = headers;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send("GET", path, headers);
  }

  post(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send("POST", path, headers);
  }

  async send(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(this.#origin + path, {
      method,
      redirect: "manual",
      headers: { ...this.#headers, ...(this.jar.size > 0 && { cookie: this.cookieHeader() }), ...headers },
    });
    const cookies = response.headers.getSetCookie();
    this.keep(cookies);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      cookies,
      text,
      json: () => JSON.parse(text) as never,
    };
  }

  cookieHeader(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** The value of the only cookie in the jar. */
  token(): string {
    const [value, another] = this.jar.values();
    assert.ok(value !== undefined && another === undefined, `one cookie was expected, not ${this.jar.size}`);
    return value;
  }

  /** Takes what an answer sets. */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const { name, value, attributes } = parseSetCookie(line);
      if (attributes.get("max-age") === "0") this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }
}

/** A Set-Cookie line taken apart; attributes by their lower-case names, flags with an empty text. */
export function parseSetCookie(line: string): {
  name: string;
  value: string;
  attributes: Map<string, string>;
} {
  const [pair = "", ...rest] = line.split(/; ?/);
  const equals = pair.indexOf("=");
  const attributes = rest.map((part): [string, string] => {
    const [key = "", ...value] = part.split("=");
    return [key.toLowerCase(), value.join("=")];
  });
  return { name: pair.slice(0, equals), value: pair.slice(equals + 1), attributes: new Map(attributes) };
}

/** Sends requests on one connection, all before the first answer; the bodies of the answers in their order. */
export async function pipelined(
  origin: string,
  path: string,
  cookieHeaders: readonly string[],
): Promise<string[]> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const last = cookieHeaders.length - 1;
  const requests = cookieHeaders.map((cookie, index) => {
    const connection = index === last ? "close" : "keep-alive";
    return `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: ${connection}\r\nCookie: ${cookie}\r\n\r\n`;
  });
  // Not ended here: not every server goes on with a connection that is half closed.
  socket.write(requests.join(""));
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text.split("HTTP/1.1 ").slice(1);
}
