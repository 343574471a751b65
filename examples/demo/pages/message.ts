import { html } from "./html.ts";
import type { Page, Visitor } from "./layout.ts";

/** Renders a page with a single message. */
export function messagePage(title: string, message: string, user: Visitor | undefined): Page {
  const body = html`<p class="lead">${message}</p><p><a class="button" href="/">Go to the home page</a></p>`;
  return { title, user, narrow: true, body };
}
