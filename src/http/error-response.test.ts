import { describe, expect, it } from "vitest";
import { SessionError } from "../errors.ts";
import { toErrorResponse } from "./error-response.ts";

describe("toErrorResponse", () => {
  it.each([
    [{ maxAge: 600 }, { max_age: 600 }, 'max_age="600"'],
    [{ level: 2 }, { acr_values: "2" }, 'acr_values="2"'],
    [{ maxAge: 1, level: 3 }, { max_age: 1, acr_values: "3" }, 'max_age="1", acr_values="3"'],
  ])("states the requirement %j as RFC 9470 does", (needed, members, parameters) => {
    const { status, headers, body } = toErrorResponse(
      SessionError.unauthorized("stale_authentication", needed),
    );
    expect([status, JSON.parse(body)]).toEqual([
      401,
      { error: "unauthorized", reason: "stale_authentication", ...members },
    ]);
    expect(headers["www-authenticate"]).toBe(
      'Session error="insufficient_user_authentication", ' +
        `error_description="The user must re-authenticate.", ${parameters}`,
    );
  });

  it.each(["no_cookie", "unknown", "expired"] as const)("sends no challenge for the reason %s", (reason) => {
    expect(toErrorResponse(SessionError.unauthorized(reason)).headers).not.toHaveProperty("www-authenticate");
  });
});
