import type { Session } from "sessionup";
import { describeClient, nameDevice } from "../clients.ts";
import type { DeviceMeta } from "../manager.ts";
import type { User } from "../users.ts";
import { type Html, html } from "./html.ts";
import { renderIcon } from "./icons.ts";
import type { Page } from "./layout.ts";

type Devices = readonly Session<DeviceMeta>[];

/** Asks before all other sessions of the user end. */
export function revokeOtherPage(user: User, others: Devices): Page {
  const body = html`<p class="lead">You stay signed in on this device. These devices have to sign in again:</p>
${renderList(others)}
${renderForm("/revokeother", others.length === 1 ? "Sign out 1 device" : `Sign out ${others.length} devices`)}`;
  return { title: "Sign out all other devices?", user, section: "/private", narrow: true, body };
}

/** Asks before all sessions of the user end. */
export function revokeAllPage(user: User, all: Devices): Page {
  const body = html`<p class="lead">You have to sign in again on each device, including this one.</p>
${renderList(all)}
${renderForm("/revokeall", "Sign out everywhere")}`;
  return { title: "Sign out everywhere?", user, section: "/private", narrow: true, body };
}

function renderList(devices: Devices): Html {
  const items = devices.map((session) => {
    const { kind, origin } = describeClient(session);
    return html`<li>${renderIcon(kind)}<span><strong>${nameDevice(session)}</strong><br>${session.current ? "This device" : origin}</span></li>`;
  });
  return html`<ul class="card summary" role="list">${items}</ul>`;
}

function renderForm(action: string, label: string): Html {
  return html`<form class="actions" method="post" action="${action}"><button class="danger solid">${label}</button> <a class="button" href="/private">Cancel</a></form>`;
}
