import { hashText } from "../cookie/token.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import { PAGE_SIZE } from "../lifecycle/repository.ts";
import type { Manager } from "../manager.ts";
import { BY, type ByOptions } from "../options/by.ts";
import { linksRequired, type ProviderLogin } from "../options/init-options.ts";
import { type Option, parseDate, parseOptions } from "../options/parsers.ts";
import { parseLookupKey } from "../options/user-key.ts";
import { readRecordData } from "../rules/record.ts";
import type { SessionId } from "../session.ts";

/** A session at an identity provider. */
export interface ProviderSession {
  /** The provider: `iss` of an ID token (OpenID Connect), the entity id (SAML). 1 to 1 024 bytes. */
  readonly issuer: string;
  /** The provider's name for the session: `sid` (OpenID Connect), `SessionIndex` (SAML). 1 to 1 024 bytes. */
  readonly sid: string;
}

/** The claims of an identity provider about its session at a login. */
export interface ProviderClaims {
  readonly issuer: string;
  /** The provider's session, by which `revokeByProviderSession` finds ours. Requires a store with `fetchByLink`. Default: none. */
  readonly sid?: string;
  /** When the provider's session ends: ours ends then at the latest. Default: unknown. */
  readonly expiresAt?: Date;
}

const lookupKey: Option<string> = { parse: parseLookupKey };

const requiredKey = { ...lookupKey, required: true } as const;

const CLAIMS = { issuer: requiredKey, sid: lookupKey, expiresAt: { parse: parseDate } } as const;

const SESSION = { issuer: requiredKey, sid: requiredKey } as const;

/**
 * Returns the option `provider` of `init`, for a login by an identity provider.
 *
 * Throws `TypeError` for invalid claims. `init` throws `TypeError` for a `sid` when the store has no `fetchByLink`, and
 * `ERR_UNAUTHORIZED` (`expired`) when the provider's session has ended.
 *
 * @example
 * ```ts
 * import { type Sessions } from "sessionup";
 * import { providerLogin } from "sessionup/federation";
 *
 * declare const sessions: Sessions<Request>;
 *
 * async function logIn(request: Request, claims: { iss: string; sub: string; sid: string }): Promise<void> {
 *   await sessions.init(request, claims.sub, { provider: providerLogin({ issuer: claims.iss, sid: claims.sid }) });
 * }
 * ```
 */
export function providerLogin(claims: ProviderClaims): ProviderLogin {
  const { issuer, sid, expiresAt } = parseOptions(claims, CLAIMS, "providerLogin");
  return Object.freeze({
    kept: { issuer, ...(sid !== undefined && { sid }) },
    link: sid === undefined ? undefined : toLink(issuer, sid),
    endsAt: expiresAt,
  });
}

/**
 * Ends the sessions of all users that depend on an identity provider's session, and returns their ids. A route for OIDC
 * back-channel logout calls it after verifying the logout token. `by` is the party that the event `ended` names. Default
 * `{ kind: "system" }`. Throws `TypeError` when the store has no `fetchByLink`.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { revokeByProviderSession } from "sessionup/federation";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * declare function verify(logoutToken: string): Promise<{ iss: string; sid: string }>; // yours
 *
 * async function backChannelLogout(body: URLSearchParams): Promise<void> {
 *   const { iss, sid } = await verify(body.get("logout_token") ?? "");
 *   await revokeByProviderSession(manager, { issuer: iss, sid });
 * }
 * ```
 */
export async function revokeByProviderSession<In, Out extends In>(
  manager: Manager<In, Out>,
  session: ProviderSession,
  options: ByOptions = {},
): Promise<readonly SessionId[]> {
  const { repository } = getLifecycle(manager);
  const { by } = parseOptions(options, BY, "revokeByProviderSession");
  const { issuer, sid } = parseOptions(session, SESSION, "revokeByProviderSession");
  const { store } = repository;
  if (!store.fetchByLink) throw linksRequired("revokeByProviderSession");
  const link = toLink(issuer, sid);
  const ended: SessionId[] = [];
  for (;;) {
    const records = await repository.ask(
      async () => (await store.fetchByLink?.(link, { limit: PAGE_SIZE })) ?? [],
    );
    // The link is a hash. The record names the provider's session.
    const found = records.filter((record) => {
      const provider = readRecordData(record)?.provider;
      return provider?.issuer === issuer && provider.sid === sid;
    });
    const before = ended.length;
    for (const { id, userKey } of found)
      if ((await repository.endById(id, "revoked", userKey, by)) === "deleted") ended.push(id as SessionId);
    if (found.length < PAGE_SIZE || ended.length === before) return ended;
  }
}

function toLink(issuer: string, sid: string): string {
  return hashText(JSON.stringify([issuer, sid]));
}
