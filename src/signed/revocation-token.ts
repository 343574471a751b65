import { isSessionId } from "../cookie/token.ts";
import type { SessionId } from "../session.ts";
import type { Signer } from "./signer.ts";

const FORM = /^([0-9A-Za-z]{1,128})\.([0-9a-z]{1,11})\.([0-9a-f]{64})$/;

/**
 * Creates a token that ends one session, valid until a time in milliseconds since 1970. It has only letters, digits and two
 * dots, which links leave unchanged.
 */
export function createRevocationToken(signer: Signer, id: string, until: number): string {
  const signed = `${id}.${until.toString(36)}`;
  return `${signed}.${signer.sign("revocation", signed)}`;
}

/** Returns the id of the session that a token ends, or `undefined` for an invalid or expired token. */
export function parseRevocationToken(signer: Signer, text: unknown, now: number): SessionId | undefined {
  const [, id, until, signature] = (typeof text === "string" && FORM.exec(text)) || [];
  if (id === undefined || until === undefined || signature === undefined || !isSessionId(id))
    return undefined;
  if (!signer.verifies("revocation", `${id}.${until}`, signature)) return undefined;
  return Number.parseInt(until, 36) > now ? id : undefined;
}
