import { OutgoingCookies, serializeCookie } from "../../cookie/cookie-header.ts";
import type { Exchange, RequestSource, SetCookie } from "../../exchange.ts";
import type { Session } from "../../session.ts";
import { type LambdaEvent, readCookieHeader, readHeader, readPath } from "./event.ts";
import { addToResult, type LambdaResult } from "./result.ts";

/** The context: one request, and the cookies and headers that its result gets besides the handler's. */
export interface LambdaContext<Out = undefined, Event extends LambdaEvent = LambdaEvent> {
  readonly event: Event;
  /** The session as it is now: the new one after `init`, `undefined` after `revoke`. */
  readonly session: Session<Out> | undefined;
  /** The session cookie's Set-Cookie lines. The wrapper adds them to the result. */
  readonly cookies: readonly string[];
  /** The headers that go with the session cookie, by lower-case names. The wrapper adds them to the result. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The context of one event. It is its own exchange. */
export class LambdaExchange<Out> implements LambdaContext<Out>, Exchange {
  readonly event: LambdaEvent;
  readonly #peerAddress: (event: LambdaEvent) => string | undefined;
  readonly #current: (context: LambdaContext<Out>) => Session<Out> | undefined;
  readonly #cookies = new OutgoingCookies();
  readonly #headers: Record<string, string> = {};
  readonly #defaults: Record<string, string> = {};
  #source: RequestSource | undefined;
  #closed = false;

  constructor(
    event: LambdaEvent,
    peerAddress: (event: LambdaEvent) => string | undefined,
    current: (context: LambdaContext<Out>) => Session<Out> | undefined,
  ) {
    this.event = event;
    this.#peerAddress = peerAddress;
    this.#current = current;
  }

  get session(): Session<Out> | undefined {
    return this.#current(this);
  }
  get cookies(): readonly string[] {
    return [...this.#cookies].map(serializeCookie);
  }
  get headers(): Readonly<Record<string, string>> {
    return { ...this.#headers };
  }

  method(): string {
    return this.event.requestContext.http.method;
  }
  source(): RequestSource {
    this.#source ??= { url: readPath(this.event) };
    return this.#source;
  }
  header(name: string): string | undefined {
    return name === "cookie" ? readCookieHeader(this.event) : readHeader(this.event, name);
  }
  host(): string | undefined {
    return this.header("host") ?? this.event.requestContext.domainName;
  }
  peerAddress(): string | undefined {
    return this.#peerAddress(this.event);
  }
  blocked(): string | undefined {
    return this.#closed ? "the handler has returned its result" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    this.#cookies.set(cookie);
  }
  setHeader(name: string, value: string): void {
    this.#headers[name.toLowerCase()] = value;
  }
  setDefaultHeader(name: string, value: string): void {
    this.#defaults[name.toLowerCase()] = value;
  }

  /** Returns the result with the cookies and headers. */
  finish<Result>(result: Result): Result | LambdaResult {
    return addToResult(result, this.#cookies, this.#headers, this.#defaults);
  }

  /** Makes later attempts to set a cookie fail. */
  close(): void {
    this.#closed = true;
  }
}
