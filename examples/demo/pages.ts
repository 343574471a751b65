import type { Response } from "express";
import { html } from "./html.ts";
import { layout, type Page, type Visitor } from "./layout.ts";
import type { User } from "./users.ts";

/** Renders the home page, with a greeting for a signed-in user. */
export function homePage(user: User | undefined): Page {
  const links = user
    ? html`<a class="button primary" href="/private">Where you are signed in</a>`
    : html`<a class="button primary" href="/register">Create account</a> <a class="button" href="/login">Sign in</a>`;
  const body = html`
<p class="lead">See every browser and phone that is signed in to your account, and sign out any of them.</p>
<p class="actions">${links}</p>
<ul class="points" role="list">
<li><h2>See your devices</h2><p>The list shows each device with its browser, its IP address and when it was last active.</p></li>
<li><h2>Sign them out</h2><p>Sign out one device, all others, or all of them. It takes effect on their next request.</p></li>
<li><h2>Change your password</h2><p>You stay signed in on this device. All other devices are signed out.</p></li>
</ul>`;
  return {
    title: user ? `Hello, ${user.name}` : "Your account, your devices",
    user: user ?? "guest",
    body,
  };
}

/** Renders a page with a single message. */
export function messagePage(title: string, message: string, user: Visitor | undefined): Page {
  const body = html`<p>${message}</p><p><a href="/">Go to the home page</a></p>`;
  return { title, user, narrow: true, body };
}

/** Sends a page. */
export function send(res: Response, page: Page, status = 200): void {
  res.status(status).send(String(layout(page, String(res.app.locals.storage))));
}
