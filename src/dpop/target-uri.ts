/** Visible characters without the backslash. `URL` would drop or replace others, such as tabs. */
const URI = /^https?:\/\/[!-[\]-~]+$/i;

const ANY_ORIGIN = "http://host";

/**
 * Normalizes an http or https URI as RFC 3986 sections 6.2.2 and 6.2.3 describe, without its query and fragment. Returns
 * `undefined` for other text, and for a URI with a user name.
 */
export function normalizeUri(text: string): string | undefined {
  if (!URI.test(text)) return undefined;
  try {
    const { origin, pathname, username, password } = new URL(text);
    return username || password ? undefined : origin + normalizeEscapes(pathname);
  } catch {
    return undefined;
  }
}

/**
 * Returns the URIs that a request may have, for the base URLs of the app and the URL of the request: absolute, as in the Fetch
 * API, or beginning with the path. Its own host is ignored, because clients choose it.
 */
export function listUris(baseUrls: readonly string[], url: string | undefined = ""): readonly string[] {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, "");
  // Normalized alone, so that dot segments do not lead out of the base URL.
  const uri = url !== "" && /^([/?#]|$)/.test(path) && normalizeUri(ANY_ORIGIN + path);
  return uri ? baseUrls.map((base) => base + uri.slice(ANY_ORIGIN.length)) : [];
}

/** Decodes the escapes of unreserved characters and writes the others in upper case. `URL` leaves both as they are. */
function normalizeEscapes(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : escaped.toUpperCase();
  });
}
