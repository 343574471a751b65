import type { NextFunction, Request, Response } from "express";
import { SessionError } from "sessionup";
import { loginPage } from "./forms.ts";
import { messagePage, send } from "./pages.ts";

/** Answers to a request without a session (401), or when nobody knows whether it has one (503). */
export function refuse({ status }: SessionError, req: Request, res: Response): void {
  if (status === 503) {
    // Not the login page: it would say that there is no session.
    res.set("Retry-After", "5");
    send(res, messagePage("Try again shortly", "Your session cannot be looked up at the moment."), 503);
  } else if (req.method === "GET" || req.method === "HEAD") {
    res.redirect(303, "/login");
  } else {
    send(res, loginPage({ notice: "Your session has ended. Sign in again." }), 401);
  }
}

/** Answers to whatever was thrown: by sessionup's verbs, by the reader of forms, by mistakes of ours. */
export function failed(error: unknown, req: Request, res: Response, next: NextFunction): void {
  const status = statusOf(error);
  if (res.headersSent) {
    next(error);
  } else if (SessionError.is(error) && (status === 401 || status === 503)) {
    refuse(error, req, res);
  } else if (status < 500) {
    send(res, messagePage("That did not work", "This request cannot be carried out."), status);
  } else {
    console.error(error);
    send(res, messagePage("Something went wrong", "The mistake is ours. Try again shortly."), 500);
  }
}

/** Answers where nothing else did. */
export function notFound(_req: Request, res: Response): void {
  send(res, messagePage("Not found", "There is no such page here."), 404);
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" ? status : 500;
}
