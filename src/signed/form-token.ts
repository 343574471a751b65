import { isAlphanumeric, randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import type { Signer } from "./signer.ts";

/** The session that a form token belongs to. Neither property changes at a rotation, so open forms stay valid. */
export interface FormOwner {
  readonly id: string;
  /** The hash of the secret's root. */
  readonly root: string;
}

/**
 * Creates a form token, which differs each time: an attacker could guess a constant one letter by letter in compressed pages
 * (BREACH).
 */
export function createFormToken(signer: Signer, owner: FormOwner): string {
  const salt = randomText(TOKEN_LENGTH.root);
  return `${salt}.${signer.sign("form", signed(salt, owner))}`;
}

/** Whether the text is a form token of that session. Accepts any value, because the app passes input unchecked. */
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
