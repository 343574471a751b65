import { isAlphanumeric, randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import type { Signer } from "./signer.ts";

/** What a form's token is bound to: neither changes while the session lives, so that no rotation breaks an open form. */
export interface FormOwner {
  readonly id: string;
  /** The hash of the secret's root. */
  readonly root: string;
}

/** Another text each time: in pages that are compressed, one that stays the same can be guessed letter by letter (BREACH). */
export function createFormToken(signer: Signer, owner: FormOwner): string {
  const salt = randomText(TOKEN_LENGTH.root);
  return `${salt}.${signer.sign("form", signed(salt, owner))}`;
}

/** Whether that is a token of that session's. Whatever a form may hold: nobody has looked at it yet. */
export function isFormToken(signer: Signer, owner: FormOwner, text: unknown): boolean {
  if (
    typeof text !== "string" ||
    text[TOKEN_LENGTH.root] !== "." ||
    !isAlphanumeric(text, 0, TOKEN_LENGTH.root)
  )
    return false;
  const salt = text.slice(0, TOKEN_LENGTH.root);
  return signer.verifies("form", signed(salt, owner), text.slice(TOKEN_LENGTH.root + 1));
}

function signed(salt: string, { id, root }: FormOwner): string {
  return `${salt} ${id} ${root}`;
}
