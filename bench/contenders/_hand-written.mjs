/** Shared by the hand-written contenders: one cookie, and one response to unauthenticated requests. */

export const NEEDLE = "__Host-thefloor=";
export const SESSION = Symbol("session");

/** Returns the value of the cookie, found with `indexOf`. */
export function readToken(request) {
  const header = request.headers.cookie ?? "";
  const start = header.indexOf(NEEDLE);
  if (start === -1) return undefined;
  const end = header.indexOf(";", start);
  return header.slice(start + NEEDLE.length, end === -1 ? header.length : end);
}

export function reject(response) {
  response.statusCode = 401;
  response.end();
}
