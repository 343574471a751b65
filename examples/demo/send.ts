import type { Response } from "express";
import { layout, type Page } from "./pages/layout.ts";

/** Sends a page. */
export function send(res: Response, page: Page, status = 200): void {
  res.status(status).send(String(layout(page, String(res.app.locals.storage))));
}
