import type { Response } from "express";
import { type Html, html } from "./html.ts";
import { layout } from "./layout.ts";
import type { User } from "./users.ts";

/** For everybody; greets who is logged in. */
export function homePage(user: User | undefined): Html {
  const links = user
    ? html`<a class="button primary" href="/private">Where you are signed in</a>`
    : html`<a class="button primary" href="/register">Create account</a> <a class="button" href="/login">Sign in</a>`;
  const body = html`
<p class="lead">See every browser and phone that is signed in to your account, and end any of it, at once.</p>
<p class="actions">${links}</p>
<ul class="points" role="list">
<li><h2>See where</h2><p>Each session with its browser, its address, and when it was last used.</p></li>
<li><h2>End it there</h2><p>One session, all others, or every one. The next request is refused.</p></li>
<li><h2>Change the password</h2><p>Whoever knew the old one is signed out everywhere else.</p></li>
</ul>`;
  return layout({
    title: user ? `Hello, ${user.name}` : "Your account, your devices",
    user: user ?? "nobody",
    body,
  });
}

/** When there is nothing to show but a sentence: not found, or not now. */
export function messagePage(title: string, message: string): Html {
  return layout({
    title,
    narrow: true,
    body: html`<p>${message}</p><p><a href="/">To the start page</a></p>`,
  });
}

/** Answers with a page. */
export function send(res: Response, page: Html, status = 200): void {
  res.status(status).send(String(page));
}
