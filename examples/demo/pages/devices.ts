import type { Session } from "sessionup";
import { describeClient, nameDevice } from "../clients.ts";
import type { Problem } from "../fields.ts";
import type { DeviceMeta } from "../manager.ts";
import type { User } from "../users.ts";
import { describedBy, renderNotice, renderProblem } from "./forms.ts";
import { type Html, html } from "./html.ts";
import { renderIcon } from "./icons.ts";
import type { Page } from "./layout.ts";
import { type Reader, renderDistance, renderMoment } from "./times.ts";

/** A device that is signed in. */
export interface DeviceView {
  readonly session: Session<DeviceMeta>;
  readonly isNew: boolean;
}

/** The content of the page. */
export interface Devices {
  readonly user: User;
  readonly devices: readonly DeviceView[];
  readonly reader: Reader;
  readonly notice?: string | undefined;
  /** The reason why the name of the device was rejected. */
  readonly problem?: Problem | undefined;
}

/** Renders the list of a user's devices, this device first, each with a button that signs it out. */
export function devicesPage({ user, devices, reader, notice, problem }: Devices): Page {
  const current = devices.filter(({ session }) => session.current);
  const others = devices.filter(({ session }) => !session.current);
  const body = html`${renderNotice(notice)}
<p class="lead">${countDevices(devices.length)} If you do not recognize a device, sign it out and <a href="/password">change your password</a>.</p>
<ul class="devices" role="list">
${current.map((device) => renderDevice(device, reader, renderNaming(device.session, problem)))}
${others.map((device) => renderDevice(device, reader))}
</ul>
<div class="actions">
${others.length > 0 && html`<a class="button" href="/revokeother">Sign out all other devices</a>`}
<a class="button danger" href="/revokeall">Sign out everywhere</a>
</div>
<p class="hint">Times are in the time zone ${reader.timeZone}.</p>`;
  return { title: "Your devices", user, section: "/private", failed: problem !== undefined, body };
}

function countDevices(count: number): string {
  return count === 1 ? "You are signed in on this device only." : `You are signed in on ${count} devices.`;
}

function renderDevice({ session, isNew }: DeviceView, reader: Reader, naming?: Html): Html {
  const { id, current, ip, createdAt, lastSeenAt, expiresAt } = session;
  const { kind, label, place, origin } = describeClient(session);
  const name = nameDevice(session);
  return html`<li class="card device${current && " current"}">
<div class="face">${renderIcon(kind)}</div>
<div class="title">
<h2>${name}${current && html` <span class="badge">This device</span>`}${isNew && !current && html` <span class="badge new">New</span>`}</h2>
<p>${name !== label && html`${label} · `}${current ? "Active now" : html`Active ${renderDistance(lastSeenAt, reader)}`}</p>
</div>
<dl>
${place && html`<div><dt>Location</dt><dd>${place}</dd></div>`}
<div><dt>IP address</dt><dd>${ip ?? "Unknown"}</dd></div>
<div><dt>Signed in</dt><dd>${renderMoment(createdAt, reader)}</dd></div>
<div><dt>Expires</dt><dd${current && html` data-countdown`}>${renderDistance(expiresAt, reader)}</dd></div>
</dl>
<form class="end" method="post" action="/revoke"${current && html` data-sign-out`}><input type="hidden" name="id" value="${id}"><button aria-label="Sign out ${name}${!current && `, ${origin}`}">Sign out</button></form>
${naming}
</li>`;
}

/** Renders the form by which the user names this device. The session's metadata keeps the name. */
function renderNaming({ meta }: Session<DeviceMeta>, problem: Problem | undefined): Html {
  return html`<details class="naming"${problem && html` open`}>
<summary>${meta.name ? "Rename this device" : "Name this device"}</summary>
<form method="post" action="/name">
${renderProblem(problem)}
<label for="name">Name of this device</label>
<div class="row"><input id="name" name="name" value="${meta.name}" maxlength="40" autocomplete="off" placeholder="Such as Work laptop"${describedBy(problem !== undefined)}><button class="primary">Save</button></div>
</form>
</details>`;
}
