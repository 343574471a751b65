import type { User } from "../users.ts";
import { renderNotice } from "./forms.ts";
import { html } from "./html.ts";
import { renderIcon } from "./icons.ts";
import type { Page } from "./layout.ts";

/** Renders the home page, with a greeting for a signed-in user. */
export function homePage(user: User | undefined, notice: string | undefined): Page {
  const links = user
    ? html`<a class="button primary" href="/private">Your devices</a> <a class="button" href="/activity">Recent activity</a>`
    : html`<a class="button primary" href="/register">Create account</a> <a class="button" href="/login">Sign in</a>`;
  const body = html`${renderNotice(notice)}
<p class="lead hero">See every browser and phone that is signed in to your account, and sign out any of them.</p>
<p class="actions">${links}</p>
<ul class="points" role="list">
<li class="card">${renderIcon("list")}<h2>See your devices</h2><p>The list shows each device with its browser, its place and when it was last active.</p></li>
<li class="card">${renderIcon("leave")}<h2>Sign them out</h2><p>Sign out one device, all others, or all of them. Their open pages say so at once.</p></li>
<li class="card">${renderIcon("lock")}<h2>Change your password</h2><p>You stay signed in on this device. All other devices are signed out.</p></li>
</ul>`;
  return {
    title: user ? `Hello, ${user.name}` : "Your account, your devices",
    user: user ?? "guest",
    body,
  };
}
