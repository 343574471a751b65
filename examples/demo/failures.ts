import type { NextFunction, Request, Response } from "express";
import { SessionError } from "sessionup";
import { ENDED, ENDED_OTHERWISE } from "./ended.ts";
import type { Notices } from "./notices.ts";
import { loginPage } from "./pages/forms.ts";
import type { Visitor } from "./pages/layout.ts";
import { messagePage } from "./pages/message.ts";
import { send } from "./send.ts";

/** The parts of the site that the responses use. */
export interface FailureOptions {
  /** Finds the user for a page's account links. Returns `undefined` when that is unknown. */
  readonly findVisitor: (req: Request) => Promise<Visitor | undefined>;
  readonly notices: Notices;
}

/** The responses to failed requests. */
export interface Failures {
  /** Responds to a request without a session (401), from another origin (403), or during an outage (503). */
  rejected(error: SessionError, req: Request, res: Response): Promise<void>;
  /** Responds to such a request of the page's script. */
  rejectedScript(error: SessionError, req: Request, res: Response): void;
  /** Responds to such a request for the stream of events. */
  rejectedStream(error: SessionError, req: Request, res: Response): void;
  /** Responds to an error that a handler, sessionup or the body parser throws. */
  failed(error: unknown, req: Request, res: Response, next: NextFunction): Promise<void>;
  /** Responds to a request that matches no route. */
  notFound(req: Request, res: Response): Promise<void>;
}

export function createFailures({ findVisitor, notices }: FailureOptions): Failures {
  async function say(req: Request, res: Response, status: number, title: string, message: string) {
    send(res, messagePage(title, message, await findVisitor(req)), status);
  }

  const failures: Failures = {
    async rejected({ code, status, reason = "" }, req, res) {
      if (code === "ERR_CROSS_ORIGIN") {
        const message = "Another website sent this request. Nothing has been changed.";
        await say(req, res, 403, "Request blocked", message);
      } else if (status === 503) {
        // Not the login page: during an outage the user may well be signed in.
        res.set("Retry-After", "5");
        const message = "The server cannot look up your session at the moment. This does not sign you out.";
        await say(req, res, 503, "Try again shortly", message);
      } else if (reason === "stale_authentication") {
        res.redirect(303, "/confirm");
      } else if (req.method === "GET" || req.method === "HEAD") {
        // The response clears the cookie of an ended session, so the next page can no longer learn the reason.
        if (ENDED[reason]) notices.leave(res, "login", ENDED[reason]);
        res.redirect(303, "/login");
      } else {
        send(res, loginPage({ notice: ENDED[reason] ?? ENDED_OTHERWISE }), 401);
      }
    },

    rejectedScript({ status, reason = "" }, req, res) {
      // A page that had a session asks again, without its cookie: another tab has signed out.
      const text = reason === "no_cookie" ? ENDED.logout : ENDED[reason];
      if (req.method === "GET" && text) notices.leave(res, "login", text);
      res.status(status).json({ reason });
    },

    rejectedStream(error, req, res) {
      // A page cannot read the 401, and its cookie is cleared. So the stream itself says why, as an open one does.
      if (error.status === 401) {
        const data = JSON.stringify({ reason: error.reason });
        res.type("text/event-stream").send(`event: session-ended\ndata: ${data}\n\n`);
      } else failures.rejectedScript(error, req, res);
    },

    async failed(error, req, res, next) {
      const status = statusOf(error);
      if (res.headersSent) {
        next(error);
      } else if (SessionError.is(error) && REJECTED.has(error.code)) {
        await failures.rejected(error, req, res);
      } else if (status < 500) {
        const message = "Go back, and check what you entered.";
        await say(req, res, status, "The request could not be processed", message);
      } else {
        console.error(error);
        await say(req, res, 500, "Something went wrong", "The problem is on our side. Try again shortly.");
      }
    },

    notFound: (req, res) => say(req, res, 404, "Page not found", "There is no page at this address."),
  };
  return failures;
}

const REJECTED: ReadonlySet<string> = new Set(["ERR_UNAUTHORIZED", "ERR_CROSS_ORIGIN", "ERR_STORE"]);

function statusOf(error: unknown): number {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" ? status : 500;
}
