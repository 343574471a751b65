/** What of a request says which page it was made from. */
export interface RequestOrigin {
  readonly method: string;
  /** `Origin`, as it came. */
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, as it came: only browsers send it, and no page can change it. */
  readonly site: string | undefined;
  /** `Host`, as it came. */
  readonly host: string | undefined;
  /** Whether the request is known to have come over https. */
  readonly isHttps: boolean;
}

/** Whether requests of this method change nothing (RFC 9110 section 9.2.1): links and images are such. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * Whether a page of another origin sent this, to change something in the name of whoever looks at that page. What no
 * browser sent passes: it has only the cookies that it was given.
 */
export function isCrossOrigin(request: RequestOrigin, trusted: ReadonlySet<string>): boolean {
  const { method, origin, site, host, isHttps } = request;
  if (isSafe(method)) return false;
  if (origin !== undefined && trusted.has(origin)) return false;
  // Another origin of the same site counts as another one: a hostile sibling subdomain is one.
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  if (origin === undefined) return false;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  // Pages of other schemes, such as those of browser extensions, may have a host of any name.
  if (url?.protocol !== "https:" && (url?.protocol !== "http:" || isHttps)) return true;
  return url.host !== host?.toLowerCase();
}
