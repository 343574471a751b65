import type { NextFunction, Request, Response } from "express";
import { SessionError } from "sessionup";
import { loginPage } from "./forms.ts";
import type { Visitor } from "./layout.ts";
import { messagePage, send } from "./pages.ts";

/** Finds the user for a page's account links. Returns `undefined` when that is unknown. */
export type FindVisitor = (req: Request) => Promise<Visitor | undefined>;

/** The responses to failed requests. */
export interface Failures {
  /** Responds to a request without a session (401), from another origin (403), or during an outage (503). */
  rejected(error: SessionError, req: Request, res: Response): Promise<void>;
  /** Responds to an error that a handler, sessionup or the body parser throws. */
  failed(error: unknown, req: Request, res: Response, next: NextFunction): Promise<void>;
  /** Responds to a request that matches no route. */
  notFound(req: Request, res: Response): Promise<void>;
}

export function createFailures(findVisitor: FindVisitor): Failures {
  async function say(req: Request, res: Response, status: number, title: string, message: string) {
    send(res, messagePage(title, message, await findVisitor(req)), status);
  }

  const failures: Failures = {
    async rejected({ code, status }, req, res) {
      if (code === "ERR_CROSS_ORIGIN") {
        const message = "Another website sent this request. Nothing has been changed.";
        await say(req, res, 403, "Request blocked", message);
      } else if (status === 503) {
        // Not the login page: during an outage the user may well be signed in.
        res.set("Retry-After", "5");
        const message = "The server cannot look up your session at the moment. This does not sign you out.";
        await say(req, res, 503, "Try again shortly", message);
      } else if (req.method === "GET" || req.method === "HEAD") {
        res.redirect(303, "/login");
      } else {
        send(res, loginPage({ notice: "Your session has ended. Sign in again." }), 401);
      }
    },

    async failed(error, req, res, next) {
      const status = statusOf(error);
      if (res.headersSent) {
        next(error);
      } else if (SessionError.is(error) && REJECTED.has(error.code)) {
        await failures.rejected(error, req, res);
      } else if (status < 500) {
        await say(
          req,
          res,
          status,
          "The request could not be processed",
          "Go back, and check what you entered.",
        );
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
