/** A cookie to be set. Without `maxAge` and `expires` it lives as long as the browser's session. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly domain?: string;
  /** In seconds; 0 clears the cookie. Given together with `expires`. */
  readonly maxAge?: number;
  /** In milliseconds since 1970. */
  readonly expires?: number;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  readonly partitioned: boolean;
}

/**
 * The port between the core and a framework: one request and its response. An adapter implements it and does nothing
 * else; what it means is decided behind it.
 */
export interface Exchange {
  /** The method of the request, such as `"POST"`. */
  method(): string;
  /** A header of the request by its lower-case name; several lines of it as one list. */
  header(name: string): string | undefined;
  /** The address of the other end of the connection, never of a header. */
  peerAddress(): string | undefined;
  /** The host that the request was for, where the framework knows it by another way than the header `Host`. */
  host?(): string | undefined;
  /**
   * Whether the request is known to have come over https. False where that is not known, behind a proxy say. Default: not
   * known.
   */
  isHttps?(): boolean;
  /** The client's address by the framework's own notion, if the app configured one: then it wins over `trustProxy`. */
  clientAddress?(): string | undefined;
  /** Why a header can no longer be set, such as "the response has been sent"; `undefined` while it can. */
  blocked(): string | undefined;
  /**
   * Adds a Set-Cookie to whatever response leaves in the end; in the order in which they come. Takes the place of
   * an earlier one of the same name, domain, path and `partitioned`: one cookie to a browser (RFC 6265 section 5.3).
   */
  setCookie(cookie: SetCookie): void;
  /** Sets a header of the response, also where the app sets the same one afterwards. */
  setHeader(name: string, value: string): void;
  /** Sets a header of the response, unless the app sets the same one, before or afterwards. */
  setDefaultHeader(name: string, value: string): void;
}
