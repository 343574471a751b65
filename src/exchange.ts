/** A cookie to set. Without `maxAge` and `expires` it lasts for the browser session. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly domain?: string;
  /** In seconds. 0 clears the cookie. Set together with `expires`. */
  readonly maxAge?: number;
  /** In milliseconds since 1970. */
  readonly expires?: number;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  readonly partitioned: boolean;
}

/** An object with the URL of a request, absolute or beginning with the path. */
export interface RequestSource {
  readonly url?: string | undefined;
  /** The URL as the client sent it, where a mount has shortened `url`. */
  readonly originalUrl?: string | undefined;
}

/**
 * The port between the core and a framework: one request and its response. An adapter only implements this interface. The
 * core makes all decisions.
 */
export interface Exchange {
  /** Returns the method of the request, such as `"POST"`. */
  method(): string;
  /**
   * Returns the object that holds the URL which the client asked for. All exchanges over one request return the same object. Only
   * proofs of possession (`sessionup/dpop`) need it. Default: unknown.
   */
  source?(): RequestSource | undefined;
  /** Returns a request header by its lower-case name. Several lines are joined to one list. */
  header(name: string): string | undefined;
  /** Returns the peer address of the connection, never one from a header. */
  peerAddress(): string | undefined;
  /** Returns the requested host, if the framework knows it from a source other than the header `Host`. */
  host?(): string | undefined;
  /** Whether the request is known to have come over https. False if that is unknown, as behind a proxy. Default: unknown. */
  isHttps?(): boolean;
  /** Returns the client's address if the app configured its framework to determine it. It wins over `trustProxy`. */
  clientAddress?(): string | undefined;
  /**
   * Returns why the response can no longer get a cookie, or another header, such as "the response has been sent". Returns
   * `undefined` while it can.
   */
  blocked(what?: "cookie" | "header"): string | undefined;
  /**
   * Adds a Set-Cookie header to whichever response is finally sent, in the order of the calls. Replaces an earlier one of
   * the same name, domain, path and `partitioned`: to a browser they are one cookie (RFC 6265 section 5.3).
   */
  setCookie(cookie: SetCookie): void;
  /** Sets a response header. It stays even if the app sets the same header afterwards. */
  setHeader(name: string, value: string): void;
  /** Sets a response header, unless the app sets the same header before or afterwards. */
  setDefaultHeader(name: string, value: string): void;
}
