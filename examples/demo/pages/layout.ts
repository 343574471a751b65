import { ENDED, ENDED_OTHERWISE } from "../ended.ts";
import type { User } from "../users.ts";
import { type Html, html, type Part } from "./html.ts";

/** The user of a page, or a guest. */
export type Visitor = User | "guest";

/** The parts that differ from page to page. */
export interface Page {
  /** The heading, and the title of the browser tab. */
  readonly title: string;
  /** The user for the account links. Unknown during an outage; the page then has no account links. */
  readonly user?: Visitor | undefined;
  /** The path of the account page that the page belongs to. */
  readonly section?: "/private" | "/activity" | "/password";
  /** Whether a form has an error. The title of the tab then says so too. */
  readonly failed?: boolean;
  /** Whether the page is narrow, as for a single form. */
  readonly narrow?: boolean;
  readonly body: Part;
}

/** Renders the frame that all pages share. `storage` names the place of the demo's data. */
export function layout(page: Page, storage: string): Html {
  const { title, user, section, failed = false, narrow = false, body } = page;
  const isSignedIn = user !== undefined && user !== "guest";
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${failed && "Error: "}${title} · sessionup</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg">
<script type="module" src="/session.js"></script>
</head>
<body${isSignedIn && html` data-signed-in`}>
<a class="skip" href="#main">Skip to content</a>
<header>
<div class="bar">
<a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28">sessionup</a>
${user !== undefined && renderAccount(user)}
</div>
${isSignedIn && renderTabs(section)}
</header>
<main id="main" tabindex="-1"${narrow && html` class="narrow"`}>
${isSignedIn && html`<p class="notice" role="alert" id="ending" hidden>Your session ends in less than a minute.</p>`}
<h1>${title}</h1>
${body}
</main>
<footer>This is a demo. It keeps ${storage}.</footer>
${isSignedIn && renderEnded()}
</body>
</html>
`;
}

function renderAccount(user: Visitor): Html {
  if (user === "guest")
    return html`<nav class="account" aria-label="Account"><a href="/login">Sign in</a> <a href="/register">Create account</a></nav>`;
  return html`<div class="account"><span class="name"><bdi>${user.name}</bdi></span>
<form method="post" action="/logout" data-sign-out><button class="quiet">Sign out</button></form></div>`;
}

/** Renders the dialog that the script opens when the session ends. Its attributes are the texts by the reason. */
function renderEnded(): Html {
  const texts = Object.entries({ ...ENDED, no_cookie: ENDED.logout });
  const attributes = texts.map(([reason, text]) => html` data-${reason}="${text}"`);
  return html`<dialog class="card" id="ended" role="alertdialog" aria-labelledby="ended-title" aria-describedby="ended-text">
<h2 id="ended-title">You are signed out</h2>
<p id="ended-text"${attributes}>${ENDED_OTHERWISE}</p>
<a class="button primary" href="/login">Sign in</a>
</dialog>`;
}

const TABS = [
  { path: "/private", label: "Devices" },
  { path: "/activity", label: "Activity" },
  { path: "/password", label: "Password" },
] as const;

function renderTabs(section: Page["section"]): Html {
  const links = TABS.map(
    ({ path, label }) =>
      html`<a href="${path}"${path === section && html` aria-current="page"`}>${label}</a>`,
  );
  return html`<nav class="tabs" aria-label="Account">${links}</nav>`;
}
