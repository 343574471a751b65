import type { Exchange } from "../exchange.ts";
import { type AuthResult, toNoSession } from "../lifecycle/auth-result.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { getCookieName, type RecordData } from "../rules/record.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import type { MigratingCookie } from "./migrating-cookie.ts";

/** Whether the token was last sent in a cookie of the same name with other attributes. */
export function isSentDifferently(lifecycle: Lifecycle, { data }: AcceptedToken): boolean {
  const sentAs = getSentAs(lifecycle);
  return sentAs !== undefined && data.sentAs !== sentAs;
}

/** Returns what identifies the current cookie's attributes if a previous cookie has the same name. */
export function getSentAs({ cookie }: Lifecycle): string | undefined {
  return (cookie as MigratingCookie).sentAs;
}

/**
 * Moves a session's token from a previous cookie to the current one, as soon as a response can set cookies. The secret
 * stays the same. The record is written first: a token is valid only under the cookie that its record names.
 */
export async function moveCookie<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  found: AuthResult<Out>,
  now: number,
): Promise<AuthResult<Out>> {
  // The holder of a retired secret has been sent a newer one, which moves when it arrives.
  if (found.state !== "session" || found.match !== "current" || exchange.blocked() !== undefined)
    return found;
  const { options, repository, cookie, events } = lifecycle;
  const { record, token } = found;
  const data = moveToCurrentCookie(found.data, options.cookie.base, getSentAs(lifecycle));
  const isMoved = data === found.data;
  const outcome = isMoved ? "updated" : await repository.writeIfUnchanged(record, { data }, "moved");
  if (outcome === "lost") return found;
  if (outcome === "not_found") {
    cookie.clear(exchange);
    return toNoSession("revoked");
  }
  cookie.send(exchange, token, now, record);
  if (!isMoved) events.emit("moved", { id: token.id, userKey: record.userKey, at: now });
  return isMoved ? found : { ...found, record: { ...record, revision: record.revision + 1, data }, data };
}

/** Returns the data of a session in the current cookie: the same object if the session is already there. */
function moveToCurrentCookie(data: RecordData, base: string, sentAs: string | undefined): RecordData {
  if (getCookieName(data) === base && (sentAs === undefined || data.sentAs === sentAs)) return data;
  return { ...data, cookie: base, ...(sentAs !== undefined && { sentAs }) };
}
