/** A requirement of OWASP ASVS 5.0 that a library of sessions can meet, and what this one does about it. */
export interface Requirement {
  /** What the app has to set or to call, besides using the library. */
  readonly needs: string;
  readonly id: string;
  readonly level: 1 | 2 | 3;
  readonly asks: string;
  readonly does: string;
}

/** What the app has to set or to call. All other requirements hold with the defaults. */
const NEEDS: Readonly<Record<string, string>> = {
  "7.1.1": "`nist`, or your own documented reason for other timeouts",
  "7.1.3": "`init` with `provider`",
  "7.2.4": "a call of `reauthenticate` when the user re-authenticates",
  "7.3.1": "`idleTimeout`, or `nist` with `aal2` or `aal3`: by default there is no inactivity timeout",
  "7.4.2": "a call of `revokeByUserKey` when the account is disabled",
  "7.4.3": "a call of `revokeOther` when a factor changes",
  "7.4.4": "a visible logout that calls `revoke` or `POST /logout`",
  "7.4.5": "an administrator's page that calls it",
  "7.5.1": "`auth({ maxAuthAge })` on the routes that change such data",
  "7.5.2":
    "`sessionRoutes()`, which by default ends other sessions only within 15 minutes of authentication; or a page of your own, behind `auth({ maxAuthAge })`",
  "7.5.3": "`auth({ level })` on those routes, and `level` at `init` or `reauthenticate`",
  "7.6.1": "`init` with `provider`, and a back-channel route that calls `revokeByProviderSession`",
  "8.2.4": "`validate`, or a listener of `client_changed` or `created`",
  "14.3.1": "`clearSiteData`",
  "16.3.1": "a listener that logs them",
  "16.3.3": "a listener that logs them",
};

const asked = (level: 1 | 2 | 3, id: string, asks: string, does: string): Requirement => ({
  id,
  level,
  asks,
  does,
  needs: NEEDS[id] ?? "nothing: it holds with the defaults",
});

export const REQUIREMENTS: readonly Requirement[] = [
  asked(
    1,
    "3.3.1",
    "cookies are Secure, with a prefix",
    "`__Host-`, or `__Secure-` where a domain or a path forbids it",
  ),
  asked(
    2,
    "3.3.2",
    "SameSite is set for the purpose",
    "always explicit, `strict` by default; `none` without Secure is refused",
  ),
  asked(2, "3.3.3", "`__Host-` unless shared with other hosts", "the default name"),
  asked(
    2,
    "3.3.4",
    "a token that scripts need not see is HttpOnly",
    "HttpOnly; it is in Set-Cookie and nowhere else",
  ),
  asked(3, "3.3.5", "name and value have at most 4096 bytes", "bounded by the limits of name, id and secret"),
  asked(1, "3.5.1", "requests of other origins are found out", "the guard of `auth`, `public` and `init`"),
  asked(1, "3.5.2", "no reliance on preflights alone", "the guard goes by Sec-Fetch-Site and Origin"),
  asked(
    1,
    "3.5.3",
    "what changes something takes an unsafe method",
    "the ready-made routes do; GET is never guarded",
  ),
  asked(
    2,
    "7.1.1",
    "idle and absolute lifetimes are documented, against NIST",
    "presets by assurance level, `manager.policy`",
  ),
  asked(2, "7.1.2", "how many sessions, and what happens at the maximum", "`maxSessions`"),
  asked(2, "7.1.3", "federated lifetimes are documented and coordinated", "a cap from the identity provider"),
  asked(1, "7.2.1", "tokens are verified on the backend", "no decoding: each request asks the store"),
  asked(
    1,
    "7.2.2",
    "tokens are made anew, not fixed",
    "a secret from the platform's CSPRNG for each session",
  ),
  asked(1, "7.2.3", "at least 128 bits of entropy", "256 and more; weaker generators are refused"),
  asked(1, "7.2.4", "a new token at authentication, and the old one ends", "`init` and `reauthenticate`"),
  asked(2, "7.3.1", "an inactivity timeout", "`idleTimeout`"),
  asked(2, "7.3.2", "an absolute lifetime", "`expiresIn`, else 24 hours; nothing moves it"),
  asked(1, "7.4.1", "no use after the end", "every write is conditional"),
  asked(1, "7.4.2", "all sessions of a user end when the account is disabled", "`revokeByUserKey`"),
  asked(2, "7.4.3", "the others can be ended after a factor changes", "`revokeOther`"),
  asked(2, "7.4.4", "logout is easy", "`revoke`, `POST /logout`"),
  asked(2, "7.4.5", "administrators end sessions of one user, or of all", "`revokeByUserKey`, `notBefore`"),
  asked(2, "7.5.1", "fresh authentication before sensitive changes", "`auth({ maxAuthAge })`"),
  asked(2, "7.5.2", "users see and end their sessions", "`fetchAll`, `revokeOwn`"),
  asked(3, "7.5.3", "further authentication for sensitive transactions", "`auth({ level })`"),
  asked(
    2,
    "7.6.1",
    "sessions behave as documented between provider and app",
    "the provider's session id, back-channel logout",
  ),
  asked(2, "7.6.2", "no session without an act of the user", "nothing is set or stored before `init`"),
  asked(3, "8.2.4", "access adapts to what is known of the client", "`client_changed`, `validate`"),
  asked(1, "14.2.1", "no token in a URL", "the cookie is the only way in"),
  asked(1, "14.3.1", "the browser's data can be cleared at the end", "`clearSiteData`"),
  asked(
    2,
    "14.3.2",
    "no caching of what is private",
    "`Cache-Control: no-store` with each cookie, `private` behind `auth`",
  ),
  asked(2, "16.2.5", "logs hold no secret", "events have ids and user keys"),
  asked(2, "16.3.1", "authentication is logged", "the events `created` and `rejected`"),
  asked(2, "16.3.3", "what defends is logged", "the events `ended`, `rotated`, `client_changed`"),
];
