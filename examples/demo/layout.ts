import { type Html, html, type Part } from "./html.ts";
import type { User } from "./users.ts";

/** Whoever a page is for. */
export type Visitor = User | "nobody";

/** What differs from page to page. */
export interface Page {
  /** The heading, and the title of the browser's tab. */
  readonly title: string;
  /** Who is signed in, for the account links. Without it the page has none: nobody knows during an outage. */
  readonly user?: Visitor | undefined;
  /** The form has to be corrected: the tab says so too. */
  readonly failed?: boolean;
  /** Narrow, for a page that is one form. */
  readonly narrow?: boolean;
  readonly body: Part;
}

/** The frame that all pages share. `storage` says where the demo keeps its data. */
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
  if (user === "nobody") return html`<a href="/login">Sign in</a> <a href="/register">Create account</a>`;
  return html`<a class="name" href="/private"><bdi>${user.name}</bdi></a>
<form method="post" action="/logout"><button>Sign out</button></form>`;
}
