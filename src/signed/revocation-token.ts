import { isSessionId } from "../cookie/token.ts";
import type { SessionId } from "../session.ts";
import type { Signer } from "./signer.ts";

const FORM = /^([0-9A-Za-z]{1,128})\.([0-9a-z]{1,11})\.([0-9a-f]{64})$/;

/** A text that ends one session until a moment in milliseconds since 1970: letters, digits and two dots, as links keep them. */
export function createRevocationToken(signer: Signer, id: string, until: number): string {
  const said = `${id}.${until.toString(36)}`;
  return `${said}.${signer.sign("revocation", said)}`;
}

/** Which session it ends, or `undefined` for what is none of ours, and for what came too late. */
export function parseRevocationToken(signer: Signer, text: unknown, now: number): SessionId | undefined {
  const [, id, until, signature] = (typeof text === "string" && FORM.exec(text)) || [];
  if (id === undefined || until === undefined || signature === undefined || !isSessionId(id))
    return undefined;
  if (!signer.verifies("revocation", `${id}.${until}`, signature)) return undefined;
  return Number.parseInt(until, 36) > now ? id : undefined;
}
