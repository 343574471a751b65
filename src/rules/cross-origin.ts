/** The parts of a request that tell which page sent it. */
export interface RequestOrigin {
  readonly method: string;
  /** The header `Origin`, unchanged. */
  readonly origin: string | undefined;
  /** The header `Sec-Fetch-Site`, unchanged. Browsers send it, and no page can change it. */
  readonly site: string | undefined;
  /** The header `Host`, unchanged. */
  readonly host: string | undefined;
  /** Whether the request is known to have come over https. */
  readonly isHttps: boolean | undefined;
}

/** Whether a method is safe: it changes nothing (RFC 9110 section 9.2.1). Links and images use such methods. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * Whether a page of another origin sent this unsafe request, using the cookies of the user who visits that page. Requests
 * without browser headers pass: other clients send only the cookies that they were given.
 */
export function isCrossOrigin(request: RequestOrigin, trusted: ReadonlySet<string>): boolean {
  const { method, origin, site, host, isHttps } = request;
  if (isSafe(method)) return false;
  if (origin !== undefined && trusted.has(origin)) return false;
  // "same-site" is rejected too: a sibling subdomain may be hostile.
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  if (origin === undefined) return false;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  // Pages of other schemes, such as those of browser extensions, can have any host name.
  if (url?.protocol !== "https:" && (url?.protocol !== "http:" || isHttps)) return true;
  return url.host !== host?.toLowerCase();
}
