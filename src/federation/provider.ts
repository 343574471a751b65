import { hashText } from "../cookie/token.ts";
import { checkOptionNames, parseDate } from "../options/checks.ts";
import { checkKey } from "../options/user-key.ts";

/** A session at an identity provider, by which ours is to be found. */
export interface ProviderSession {
  /** Who the provider is: `iss` of an ID token (OpenID Connect), the entity id (SAML). 1 to 1 024 bytes. */
  readonly issuer: string;
  /** What the provider calls the session: `sid`, or the SessionIndex. 1 to 1 024 bytes. */
  readonly sid: string;
}

/** What an identity provider has said of its session when somebody logs in by it. */
export interface ProviderLogin {
  readonly issuer: string;
  /** With it, `revokeByProviderSession` finds ours. Needs a store that has `fetchByLink`. */
  readonly sid?: string;
  /** Ours ends then at the latest. */
  readonly expiresAt?: Date;
}

/** Under what a store finds the sessions of a provider's session: nothing can be read from it. @internal */
export function linkOf({ issuer, sid }: ProviderSession): string {
  return hashText(JSON.stringify([issuer, sid]));
}

/** Throws `TypeError` for what names no session of a provider's. @internal */
export function checkProviderSession(session: ProviderSession): void {
  checkOptionNames(session, "revokeByProviderSession", ["issuer", "sid"]);
  checkKey(session.issuer, "revokeByProviderSession.issuer");
  checkKey(session.sid, "revokeByProviderSession.sid");
}

/** What is kept of a login by a provider. Throws `TypeError` for what is none. @internal */
export function providerOf({ issuer, sid, expiresAt }: ProviderLogin): {
  readonly kept: { readonly issuer: string; readonly sid?: string };
  readonly link: string | undefined;
  readonly latest: number | undefined;
} {
  checkKey(issuer, "init.provider.issuer");
  if (sid !== undefined) checkKey(sid, "init.provider.sid");
  return {
    kept: { issuer, ...(sid !== undefined && { sid }) },
    link: sid === undefined ? undefined : linkOf({ issuer, sid }),
    latest: expiresAt === undefined ? undefined : parseDate(expiresAt, "init.provider.expiresAt"),
  };
}
