import { type Html, html, type Part } from "./html.ts";
import type { User } from "./users.ts";

/** The user of a page, or a guest. */
export type Visitor = User | "guest";

/** The parts that differ from page to page. */
export interface Page {
  /** The heading, and the title of the browser tab. */
  readonly title: string;
  /** The user for the account links. Unknown during an outage; the page then has no account links. */
  readonly user?: Visitor | undefined;
  /** Whether a form has an error. The title of the tab then says so too. */
  readonly failed?: boolean;
  /** Whether the page is narrow, as for a single form. */
  readonly narrow?: boolean;
  readonly body: Part;
}

/** Renders the frame that all pages share. `storage` names the place of the demo's data. */
export function layout(page: Page, storage: string): Html {
  const { title, user, failed = false, narrow = false, body } = page;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${failed && "Error: "}${title} · sessionup</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28">sessionup</a>
${user !== undefined && html`<nav aria-label="Account">${linksFor(user)}</nav>`}
</header>
<main id="main"${narrow && html` class="narrow"`}>
<h1>${title}</h1>
${body}
</main>
<footer>This is a demo. It keeps ${storage}.</footer>
</body>
</html>
`;
}

function linksFor(user: Visitor): Html {
  if (user === "guest") return html`<a href="/login">Sign in</a> <a href="/register">Create account</a>`;
  return html`<a class="name" href="/private"><bdi>${user.name}</bdi></a>
<form method="post" action="/logout"><button>Sign out</button></form>`;
}
