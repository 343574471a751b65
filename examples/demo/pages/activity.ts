import type { Activity } from "../activity.ts";
import type { User } from "../users.ts";
import { type Html, html } from "./html.ts";
import { renderIcon } from "./icons.ts";
import type { Page } from "./layout.ts";
import { type Reader, renderMoment } from "./times.ts";

/** Renders the latest sign-ins of a user, and how their sessions ended. */
export function activityPage(user: User, entries: readonly Activity[], reader: Reader): Page {
  const list = html`<ol class="card log" role="list">${entries.map((entry) => renderEntry(entry, reader))}</ol>`;
  const body = html`<p class="lead">Your latest sign-ins, and how they ended. If you do not recognize one, <a href="/password">change your password</a>.</p>
${entries.length > 0 ? list : html`<p class="card">Nothing has happened since the demo was started.</p>`}
<p class="hint">Times are in the time zone ${reader.timeZone}. The demo keeps the latest events in memory.</p>`;
  return { title: "Recent activity", user, section: "/activity", body };
}

const ENDS: Readonly<Record<NonNullable<Activity["ended"]>, string>> = {
  logout: "Signed out",
  revoked: "Signed out from another device",
  evicted: "Signed out, too many devices",
  expired: "Session expired",
  idle: "Signed out after inactivity",
  reused: "Signed out, cookie used twice",
  client_changed: "Signed out, browser changed",
};

function renderEntry({ at, ended, isNew, client }: Activity, reader: Reader): Html {
  return html`<li${ended && html` class="ended"`}>
${renderIcon(client?.kind ?? "unknown")}
<div><strong>${ended ? ENDS[ended] : "Signed in"}</strong>${isNew && html` <span class="badge new">New</span>`}<br>${client ? `${client.label} · ${client.origin}` : "A device"}</div>
${renderMoment(new Date(at), reader)}
</li>`;
}
