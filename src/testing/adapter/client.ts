import assert from "node:assert/strict";
import { connect } from "node:net";

/** The User-Agent header of a phone. */
export const PIXEL: string =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";

/** A response whose body has been read. */
export interface ClientResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The values of all Set-Cookie headers. */
  readonly cookies: readonly string[];
  readonly text: string;
  /** Returns the body parsed as JSON. Throws `SyntaxError` for other text. */
  json(): never;
}

/** A client with its own cookie jar, like a browser. */
export class ContractClient {
  /** The values of the cookies by name. */
  readonly jar: Map<string, string> = new Map();
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(origin: string, headers: Readonly<Record<string, string>> = {}) {
    this.#origin = origin;
    this.#headers = headers;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ClientResponse> {
    return this.send("GET", path, headers);
  }

  post(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ClientResponse> {
    return this.send("POST", path, headers);
  }

  async send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ClientResponse> {
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

  /** Returns the value of the only cookie in the jar. */
  token(): string {
    const [value, another] = this.jar.values();
    assert.ok(value !== undefined && another === undefined, `expected one cookie, received ${this.jar.size}`);
    return value;
  }

  /** Stores the cookies that a response sets, and removes those that it clears. */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const { name, value, attributes } = parseSetCookie(line);
      if (attributes.get("max-age") === "0") this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }
}

/** Parses a Set-Cookie header. Attribute names are in lower case, and a flag has an empty value. */
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

/** Sends all requests on one connection before the first response. Returns the responses in their order, as text. */
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
  // The socket stays open: some servers stop responding on a half-closed connection.
  socket.write(requests.join(""));
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text.split("HTTP/1.1 ").slice(1);
}
