import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import { setEventCookie, setEventDefault, setEventHeader } from "./outgoing.ts";

/** The context: the event of h3 2. */
export interface H3Context {
  readonly req: {
    readonly method: string;
    readonly url: string;
    readonly headers: { get(name: string): string | null };
    readonly ip?: string | undefined;
    /** May have `clientAddress`. The property is not declared here, because Nitro's types would not be assignable. */
    readonly context?: object | undefined;
  };
  readonly url: { readonly host: string; readonly pathname: string; readonly protocol: string };
  readonly res: { status?: number; readonly headers: Headers; readonly errHeaders: Headers };
  /** Node's request and response, where srvx runs on Node. */
  readonly runtime?:
    | {
        readonly node?:
          | {
              readonly req: {
                readonly url?: string | undefined;
                readonly socket?: { readonly remoteAddress?: string | undefined };
              };
              readonly res?: { readonly headersSent: boolean } | undefined;
            }
          | undefined;
      }
    | undefined;
}

/** The exchange over the event of h3. */
export class H3Exchange implements Exchange {
  readonly #event: H3Context;
  readonly #res: H3Context["res"];

  constructor(event: H3Context) {
    this.#event = event;
    this.#res = event.res;
  }

  method(): string {
    return this.#event.req.method;
  }
  /** On Node, mounts shorten the URL of h3's own request. */
  source(): RequestSource {
    return this.#event.runtime?.node?.req ?? this.#event.req;
  }
  header(name: string): string | undefined {
    return this.#event.req.headers.get(name) ?? undefined;
  }
  /** A platform that receives HTTP/2 may have the host in the URL alone. */
  host(): string {
    return this.header("host") ?? this.#event.url.host;
  }
  isHttps(): boolean {
    return this.#event.url.protocol === "https:";
  }
  peerAddress(): string | undefined {
    return this.#event.req.ip;
  }
  clientAddress(): string | undefined {
    const { context, ip } = this.#event.req;
    const { clientAddress }: { readonly clientAddress?: unknown } = context ?? {};
    if (typeof clientAddress === "string" && clientAddress) return clientAddress;
    // An `ip` that differs from the socket's address is what srvx determined with its `trustProxy`.
    const socket = this.#event.runtime?.node?.req.socket?.remoteAddress;
    return socket !== undefined && ip !== socket ? ip : undefined;
  }
  blocked(): string | undefined {
    const { res, runtime } = this.#event;
    // h3 replaces `event.res` when it has made the response.
    if (res === this.#res && !runtime?.node?.res?.headersSent) return undefined;
    return "the response has been made";
  }
  setCookie(cookie: SetCookie): void {
    setEventCookie(this.#event, cookie);
  }
  setHeader(name: string, value: string): void {
    setEventHeader(this.#event, name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    setEventDefault(this.#event, name, value);
  }
}
