import { describe, expect, it } from "vitest";
import { readCredentials } from "./authorization.ts";

const ID = "a".repeat(22);
const SECRET = "b".repeat(65);
const TEXT = `${ID}.${SECRET}`;
const TOKEN = { id: ID, secret: SECRET };

describe("readCredentials", () => {
  it.each([`Bearer ${TEXT}`, `bearer ${TEXT}`, `BEARER    ${TEXT}`])("reads the token of %j", (header) => {
    expect(readCredentials(header, false)).toEqual({ scheme: "bearer", token: TOKEN });
  });

  it.each([
    "Bearer",
    "Bearer ",
    `Bearer${"\t"}${TEXT}`,
    `Bearer ${TEXT} `,
    `Bearer ${TEXT}, Bearer ${TEXT}`,
    `Bearer "${TEXT}"`,
    `Bearer token=${TEXT}`,
    `Bearer,${TEXT}`,
    `Bearer ${TEXT}x.y`,
    `Bearer ${"x".repeat(100_000)}`,
  ])("finds no token, but the scheme, in %s", (header) => {
    expect(readCredentials(header, true)).toEqual({ scheme: "bearer", token: undefined });
  });

  it.each([
    undefined,
    "",
    TEXT,
    `Basic ${TEXT}`,
    `BearerX ${TEXT}`,
    `Bearer-Token ${TEXT}`,
    ` Bearer ${TEXT}`,
    `Basic x, Bearer ${TEXT}`,
  ])("ignores %s", (header) => {
    expect(readCredentials(header, true)).toBeUndefined();
  });

  it("reads the scheme DPoP only if the manager accepts it", () => {
    expect(readCredentials(`DPoP ${TEXT}`, true)).toEqual({ scheme: "dpop", token: TOKEN });
    expect(readCredentials(`DPoP ${TEXT}`, false)).toBeUndefined();
  });
});
