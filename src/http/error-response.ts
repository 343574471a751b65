import type { SessionError } from "../errors.ts";

/** The response to a rejected request. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** The headers of every JSON response: its content is one user's and current, and browsers must not sniff it as HTML. */
export const JSON_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** The seconds after which a client may retry when the store did not answer. */
const RETRY_AFTER = "5";

/**
 * Returns the default response: 401 with the reason, 403, or 503 with Retry-After (RFC 9110 section 10.2.3). If the user must
 * authenticate again, it names the requirement as RFC 9470 does.
 */
export function toErrorResponse(error: SessionError): ErrorResponse {
  const { status, reason, needed } = error;
  const requirement = {
    ...(needed?.maxAge !== undefined && { max_age: needed.maxAge }),
    ...(needed?.level !== undefined && { acr_values: String(needed.level) }),
  };
  const headers = {
    ...JSON_HEADERS,
    ...(status === 503 && { "retry-after": RETRY_AFTER }),
    ...(needed && { "www-authenticate": toChallenge(error.message, requirement) }),
  };
  const body = { error: ERRORS[status] ?? "internal", ...(reason && { reason }), ...requirement };
  return { status, headers, body: JSON.stringify(body) };
}

/**
 * Returns the challenge of RFC 9470 section 3, except for the scheme. Browsers do not know "Session", so none opens a login
 * dialog as for "Basic" or "Negotiate". "Bearer" would promise that a token in `Authorization` helps.
 */
function toChallenge(description: string, requirement: Readonly<Record<string, number | string>>): string {
  const parameters = Object.entries({
    error: "insufficient_user_authentication",
    error_description: description,
    ...requirement,
  });
  return `Session ${parameters.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}

const ERRORS: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  409: "too_many_sessions",
  422: "invalid_meta",
  503: "unavailable",
};
