import type { Session } from "sessionup";
import type { Problem } from "./fields.ts";
import { passwordForm, renderNotice } from "./forms.ts";
import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import { time } from "./times.ts";
import type { User } from "./users.ts";

/** The content of the page. */
export interface Devices {
  readonly user: User;
  readonly sessions: readonly Session[];
  readonly now: number;
  readonly notice?: string | undefined;
  readonly problem?: Problem | undefined;
}

/** Renders the list of a user's sessions, each with a button that ends it. */
export function devicesPage({ user, sessions, now, notice, problem }: Devices): Page {
  const body = html`${renderNotice(notice)}
<p>If you do not recognize a device, sign it out and change your password.</p>
<ul class="sessions" role="list">
${sessions.map((session) => card(session, now))}
</ul>
<div class="actions">
${sessions.length > 1 && html`<form method="post" action="/revokeother"><button>Sign out all others</button></form>`}
<form method="post" action="/revokeall"><button class="danger">Sign out everywhere</button></form>
</div>
<section aria-labelledby="change">
<h2 id="change">Change password</h2>
<p>You stay signed in on this device. All other devices are signed out.</p>
${passwordForm(user, problem)}
</section>`;
  return { title: "Where you are signed in", user, failed: problem !== undefined, body };
}

const PHONES: ReadonlySet<string | undefined> = new Set(["Android", "iOS"]);
const phone = html`<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="7" y="3" width="10" height="18" rx="2"/><path d="M11 18h2"/></svg>`;
const computer = html`<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="5" y="5" width="14" height="10" rx="1.5"/><path d="M3 19h18"/></svg>`;

function card(session: Session, now: number): Html {
  const { id, agent, ip = "unknown", current, createdAt, lastSeenAt, expiresAt } = session;
  const device = [agent?.browser ?? "Unknown browser", agent?.os].filter(Boolean).join(" on ");
  return html`<li class="card session">
${PHONES.has(agent?.os) ? phone : computer}
<h2>${device}${current && html` <span class="badge">This device</span>`}</h2>
<dl>
<div><dt>IP address</dt><dd>${ip}</dd></div>
<div><dt>Signed in</dt><dd>${time(createdAt, now)}</dd></div>
<div><dt>Last active</dt><dd>${time(lastSeenAt, now)}</dd></div>
<div><dt>Expires</dt><dd>${time(expiresAt, now)}</dd></div>
</dl>
<form method="post" action="/revoke"><input type="hidden" name="id" value="${id}"><button aria-label="Sign out ${device}, ${ip}">Sign out</button></form>
</li>`;
}
