/** A requirement of OWASP ASVS 5.0 that a session library can meet. */
export interface Requirement {
  readonly id: string;
  readonly level: 1 | 2 | 3;
  readonly asks: string;
  /** How the library meets the requirement. */
  readonly does: string;
  /** The options or calls that the app must add. Default: none; the defaults suffice. */
  readonly needs?: string;
}

export const REQUIREMENTS: readonly Requirement[] = [
  {
    id: "3.3.1",
    level: 1,
    asks: "cookies are Secure and have a prefix",
    does: "`__Host-`, or `__Secure-` when a domain or a path rules it out",
  },
  {
    id: "3.3.2",
    level: 2,
    asks: "SameSite is set for the purpose",
    does: "always explicit, `strict` by default; `none` without Secure is rejected",
  },
  { id: "3.3.3", level: 2, asks: "`__Host-` unless shared with other hosts", does: "the default name" },
  {
    id: "3.3.4",
    level: 2,
    asks: "a token that scripts need not read is HttpOnly",
    does: "HttpOnly; the token appears only in Set-Cookie, and that of a native client only in the result of `initBearer` and in the header `Session-Token`",
  },
  {
    id: "3.3.5",
    level: 3,
    asks: "name and value have at most 4096 bytes",
    does: "bounded by the limits of name, id and secret",
  },
  {
    id: "3.5.1",
    level: 1,
    asks: "cross-origin requests are detected",
    does: "the cross-origin check of `auth`, `public` and `init`",
  },
  {
    id: "3.5.2",
    level: 1,
    asks: "no reliance on preflights alone",
    does: "the check uses Sec-Fetch-Site and Origin",
  },
  {
    id: "3.5.3",
    level: 1,
    asks: "requests that change something use an unsafe method",
    does: "the ready-made routes do; GET is never checked",
  },
  {
    id: "7.1.1",
    level: 2,
    asks: "idle and absolute lifetimes are documented, against NIST",
    does: "presets by assurance level, `sessionPolicy()`",
    needs: "`nist`, or your own documented reason for other timeouts",
  },
  {
    id: "7.1.2",
    level: 2,
    asks: "the number of concurrent sessions, and what happens at the maximum, are documented",
    does: "`maxSessions`",
  },
  {
    id: "7.1.3",
    level: 2,
    asks: "federated lifetimes are documented and coordinated",
    does: "a cap from the identity provider",
    needs: "`init` with `provider`",
  },
  {
    id: "7.2.1",
    level: 1,
    asks: "tokens are verified on the backend",
    does: "no decoding: each request asks the store",
  },
  {
    id: "7.2.2",
    level: 1,
    asks: "tokens are generated dynamically, not fixed",
    does: "a secret from the platform's CSPRNG for each session",
  },
  {
    id: "7.2.3",
    level: 1,
    asks: "at least 128 bits of entropy",
    does: "256 and more; weaker generators are rejected",
  },
  {
    id: "7.2.4",
    level: 1,
    asks: "a new token at authentication, and the old one ends",
    does: "`init` and `reauthenticate`",
    needs: "a call of `reauthenticate` when the user re-authenticates",
  },
  {
    id: "7.3.1",
    level: 2,
    asks: "an inactivity timeout",
    does: "`idleTimeout`",
    needs: "`idleTimeout`, or `nist` with `aal2` or `aal3`: by default there is no inactivity timeout",
  },
  {
    id: "7.3.2",
    level: 2,
    asks: "an absolute lifetime",
    does: "`expiresIn`, 24 hours by default; nothing moves it",
  },
  { id: "7.4.1", level: 1, asks: "an ended session cannot be used", does: "every write is conditional" },
  {
    id: "7.4.2",
    level: 1,
    asks: "all sessions of a user end when the account is disabled",
    does: "`revokeByUserKey`",
    needs: "a call of `revokeByUserKey` when the account is disabled",
  },
  {
    id: "7.4.3",
    level: 2,
    asks: "the other sessions can be ended after a factor changes",
    does: "`revokeOther`",
    needs: "a call of `revokeOther` when a factor changes",
  },
  {
    id: "7.4.4",
    level: 2,
    asks: "logout is easy",
    does: "`revoke`, `POST /logout`",
    needs: "a visible logout that calls `revoke` or `POST /logout`",
  },
  {
    id: "7.4.5",
    level: 2,
    asks: "administrators can end the sessions of one user, or of all users",
    does: "`revokeByUserKey`, `notBefore`",
    needs: "an administrator's page that calls it",
  },
  {
    id: "7.5.1",
    level: 2,
    asks: "fresh authentication before sensitive changes",
    does: "`auth({ maxAuthAge })`",
    needs: "`auth({ maxAuthAge })` on the routes that change such data",
  },
  {
    id: "7.5.2",
    level: 2,
    asks: "users see and end their sessions",
    does: "`fetchAll`, `revokeOwn`",
    needs:
      "`sessionRoutes()`, which by default ends other sessions only within 15 minutes of authentication; or a page of your own, behind `auth({ maxAuthAge })`",
  },
  {
    id: "7.5.3",
    level: 3,
    asks: "further authentication for sensitive transactions",
    does: "`auth({ level })`",
    needs: "`auth({ level })` on those routes, and `level` at `init` or `reauthenticate`",
  },
  {
    id: "7.6.1",
    level: 2,
    asks: "sessions behave as documented between provider and app",
    does: "the provider's session id, back-channel logout",
    needs: "`init` with `provider`, and a back-channel route that calls `revokeByProviderSession`",
  },
  {
    id: "7.6.2",
    level: 2,
    asks: "a session begins only with the user's consent or an explicit action",
    does: "the manager sets no cookie and stores no record before the app calls `init`",
  },
  {
    id: "8.2.4",
    level: 3,
    asks: "access adapts to attributes of the client",
    does: "`client_changed`, `validate`",
    needs: "`validate`, or a listener of `client_changed` or `created`",
  },
  {
    id: "14.2.1",
    level: 1,
    asks: "no token in a URL",
    does: "only the cookie authenticates a request, or the header `Authorization` with `bearer()`",
  },
  {
    id: "14.3.1",
    level: 1,
    asks: "the browser's data can be cleared at the end",
    does: "`clearSiteData`",
    needs: "`clearSiteData`",
  },
  {
    id: "14.3.2",
    level: 2,
    asks: "private responses are not cached",
    does: "`Cache-Control: no-store` with each cookie and each token, `private` behind `auth`",
  },
  { id: "16.2.5", level: 2, asks: "logs contain no secret", does: "events contain ids and user keys" },
  {
    id: "16.3.1",
    level: 2,
    asks: "authentication is logged",
    does: "the events `created` and `rejected`",
    needs: "a listener that logs them",
  },
  {
    id: "16.3.3",
    level: 2,
    asks: "attempts to bypass security controls are logged",
    does: "the events `ended`, `rotated`, `client_changed`",
    needs: "a listener that logs them",
  },
];
