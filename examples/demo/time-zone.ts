import { parseCookie } from "cookie";
import type { Request } from "express";

/** The zone of the server. On your own computer, it is the zone of the reader, too. */
const SERVER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Returns the reader's time zone, which the script in `public/session.js` stores in a cookie, or the server's. */
export function readTimeZone(req: Request): string {
  const timeZone = parseCookie(req.headers.cookie ?? "").timezone ?? SERVER_ZONE;
  return isTimeZone(timeZone) ? timeZone : SERVER_ZONE;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
