import type { Problem } from "../fields.ts";
import type { User } from "../users.ts";
import { type Html, html, type Part } from "./html.ts";
import type { Page } from "./layout.ts";

/** The state of a form. */
export interface FormState {
  /** The name that the user typed before. A password is never sent back. */
  readonly name?: string;
  readonly problem?: Problem | undefined;
  readonly notice?: string | undefined;
}

export function loginPage(state: FormState = {}): Page {
  const body = html`${renderNotice(state.notice)}
<form class="card" method="post" action="/login">
${renderProblem(state.problem)}
${nameField(state)}
${passwordField({ field: "password", label: "Password", autocomplete: "current-password" }, state.problem)}
${rememberField}
<button class="primary wide">Sign in</button>
</form>
<p class="aside">No account yet? <a href="/register">Create one</a></p>`;
  return formPage("Sign in", "guest", body, state.problem);
}

export function registerPage(state: FormState = {}): Page {
  const body = html`
<form class="card" method="post" action="/register">
${renderProblem(state.problem)}
${nameField(state)}
${passwordField({ field: "password", label: "Password", autocomplete: "new-password" }, state.problem)}
${rememberField}
<button class="primary wide">Create account</button>
</form>
<p class="aside">Already have an account? <a href="/login">Sign in</a></p>`;
  return formPage("Create account", "guest", body, state.problem);
}

/** Renders the form that changes the password. */
export function passwordPage(user: User, problem?: Problem): Page {
  const body = html`<p class="lead">You stay signed in on this device. All other devices are signed out.</p>
<form class="card" method="post" action="/password">
${renderProblem(problem)}
${accountField(user)}
${passwordField({ field: "password", label: "Current password", autocomplete: "current-password" }, problem)}
${passwordField({ field: "next", label: "New password", autocomplete: "new-password" }, problem)}
<button class="primary">Change password</button>
</form>`;
  return { ...formPage("Change password", user, body, problem), section: "/password" };
}

/** Renders the form that asks a signed-in user for the password again. */
export function confirmPage(user: User, problem?: Problem): Page {
  const body = html`<p class="lead">For your safety, enter your password again before you sign out everywhere.</p>
<form class="card" method="post" action="/confirm">
${renderProblem(problem)}
${accountField(user)}
${passwordField({ field: "password", label: "Password", autocomplete: "current-password" }, problem)}
<div class="actions"><button class="primary">Continue</button> <a class="button" href="/private">Cancel</a></div>
</form>`;
  return { ...formPage("Confirm that it is you", user, body, problem), section: "/private" };
}

function formPage(title: string, user: User | "guest", body: Part, problem: Problem | undefined): Page {
  return { title, user, failed: problem !== undefined, narrow: true, body };
}

/** Renders a notice about a completed action. */
export function renderNotice(notice: string | undefined): Html | undefined {
  return notice === undefined ? undefined : html`<p class="notice" role="status">${notice}</p>`;
}

export function renderProblem(problem: Problem | undefined): Html | undefined {
  return problem && html`<p class="problem" role="alert" id="problem">${problem.message}</p>`;
}

/** Tells password managers which account the password belongs to. */
function accountField({ name }: User): Html {
  return html`<input type="text" autocomplete="username" value="${name}" hidden>`;
}

function nameField({ name = "", problem }: FormState): Html {
  return html`<label for="name">Name</label>
<input id="name" name="name" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required${describedBy(problem?.field === "name")}>`;
}

interface PasswordField {
  readonly field: "password" | "next";
  readonly label: string;
  readonly autocomplete: "current-password" | "new-password";
}

function passwordField({ field, label, autocomplete }: PasswordField, problem: Problem | undefined): Html {
  const isNew = autocomplete === "new-password";
  return html`<label for="${field}">${label}</label>
<input id="${field}" name="${field}" type="password" autocomplete="${autocomplete}" required${isNew && html` minlength="8"`}${describedBy(problem?.field === field, isNew && "hint")}>
${isNew && html`<p class="hint" id="hint">Use at least 8 characters, such as a few words that you use on no other site.</p>`}`;
}

const rememberField = html`<div class="check"><input id="remember" name="remember" type="checkbox" value="1" aria-describedby="remember-hint">
<div><label for="remember">Remember me</label>
<p class="hint" id="remember-hint">You stay signed in for 30 days, even if you close the browser. Otherwise for 24 hours, or until you close it. Not for shared devices.</p></div></div>`;

/** Links a field to its messages. The invalid field receives the focus. */
export function describedBy(wrong: boolean, hint: string | false = false): Html {
  const ids = [wrong && "problem", hint].filter(Boolean).join(" ");
  return html`${ids !== "" && html` aria-describedby="${ids}"`}${wrong && html` aria-invalid="true" autofocus`}`;
}
