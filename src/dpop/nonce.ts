import type { Signer } from "../signed/signer.ts";

const FORM = /^([0-9a-z]{1,11})\.([0-9a-f]{64})$/;

/** Creates a nonce (RFC 9449 section 8): its time, signed. The server stores nothing of it. */
export function createNonce(signer: Signer, now: number): string {
  const time = now.toString(36);
  return `${time}.${signer.sign("dpop", time)}`;
}

/** Returns when a nonce was created, in milliseconds since 1970. Returns `undefined` for any text that is not one. */
export function parseNonce(signer: Signer, nonce: unknown): number | undefined {
  const [, time, signature] = (typeof nonce === "string" && FORM.exec(nonce)) || [];
  if (time === undefined || signature === undefined || !signer.verifies("dpop", time, signature))
    return undefined;
  return Number.parseInt(time, 36);
}
