import type { RequestHandler } from "express";

const HEADERS = {
  // Allow only our own style sheet, icon, script and requests: nothing inline, no other site, no framing.
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/** Sets the security headers of every response. */
export const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set(HEADERS);
  next();
};

/** Prevents caching of pages, because they show the user. Back after signing out requests the page again. */
export const notStored: RequestHandler = (_req, res, next) => {
  res.set("Cache-Control", "no-store");
  next();
};
