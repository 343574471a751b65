/** What is the same by hand, whatever it asks: one cookie, and one answer for whoever is nobody. */

export const NEEDLE = "__Host-thefloor=";
export const SESSION = Symbol("session");

/** The value of that one cookie, found with `indexOf`. */
export function presented(request) {
  const header = request.headers.cookie ?? "";
  const start = header.indexOf(NEEDLE);
  if (start === -1) return undefined;
  const end = header.indexOf(";", start);
  return header.slice(start + NEEDLE.length, end === -1 ? header.length : end);
}

export function refuse(response) {
  response.statusCode = 401;
  response.end();
}
