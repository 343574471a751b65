import type { Problem } from "./fields.ts";
import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import type { User } from "./users.ts";

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
<button class="primary">Sign in</button>
</form>
<p>No account yet? <a href="/register">Create one</a></p>`;
  return {
    title: "Sign in",
    user: "guest",
    failed: state.problem !== undefined,
    narrow: true,
    body,
  };
}

export function registerPage(state: FormState = {}): Page {
  const body = html`
<form class="card" method="post" action="/register">
${renderProblem(state.problem)}
${nameField(state)}
${passwordField({ field: "password", label: "Password", autocomplete: "new-password" }, state.problem)}
${rememberField}
<button class="primary">Create account</button>
</form>
<p>Already have an account? <a href="/login">Sign in</a></p>`;
  return {
    title: "Create account",
    user: "guest",
    failed: state.problem !== undefined,
    narrow: true,
    body,
  };
}

export function passwordForm(user: User, problem: Problem | undefined): Html {
  return html`<form class="card" method="post" action="/password">
${renderProblem(problem)}
<input type="text" autocomplete="username" value="${user.name}" hidden>
${passwordField({ field: "password", label: "Current password", autocomplete: "current-password" }, problem)}
${passwordField({ field: "next", label: "New password", autocomplete: "new-password" }, problem)}
<button class="primary">Change password</button>
</form>`;
}

/** Renders a notice about a completed action. */
export function renderNotice(notice: string | undefined): Html | undefined {
  return notice === undefined ? undefined : html`<p class="notice" role="status">${notice}</p>`;
}

function renderProblem(problem: Problem | undefined): Html | undefined {
  return problem && html`<p class="problem" role="alert" id="problem">${problem.message}</p>`;
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

const rememberField = html`<p class="check"><input id="remember" name="remember" type="checkbox" value="1"><label for="remember">Remember me on this device for 30 days</label></p>`;

/** Links a field to its messages. The invalid field receives the focus. */
function describedBy(wrong: boolean, hint: string | false = false): Html {
  const ids = [wrong && "problem", hint].filter(Boolean).join(" ");
  return html`${ids !== "" && html` aria-describedby="${ids}"`}${wrong && html` aria-invalid="true" autofocus`}`;
}
