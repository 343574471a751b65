import { isSessionId } from "./cookie/token.ts";
import { type Duration, parseDuration } from "./duration.ts";
import { SessionError } from "./errors.ts";
import { type AnySessions, type BoundSessions, withContext } from "./http/bound-sessions.ts";
import { getInternals, type Sessions } from "./http/sessions.ts";
import { getLifecycle } from "./lifecycle/lifecycle.ts";
import { toUser } from "./lifecycle/repository.ts";
import type { Manager } from "./manager.ts";
import { keysRequired, type ResolvedOptions } from "./options/manager-options.ts";
import { parseOptions } from "./options/parsers.ts";
import { createFormToken, isFormToken } from "./signed/form-token.ts";
import { createRevocationToken, parseRevocationToken } from "./signed/revocation-token.ts";
import type { Signer } from "./signed/signer.ts";

/**
 * Returns a token for a hidden field of one of this session's forms, where the check of origins is not enough. The token
 * differs each time and is valid for the life of the session. Requires the option `keys`, and a loaded session as
 * `require` does: with bound sessions, the function loads it.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { type ExpressContext, expressSessions } from "sessionup/express";
 * import { formToken, verifyFormToken } from "sessionup/signed";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore(), { keys: [process.env["SESSION_KEY"] ?? ""] }));
 *
 * function renderForm(req: ExpressContext): string {
 *   return `<input type="hidden" name="token" value="${formToken(sessions, req)}">`;
 * }
 * function checkForm(req: ExpressContext, body: { token: unknown }): void {
 *   verifyFormToken(sessions, req, body.token);
 * }
 * ```
 */
export function formToken<Context, In, Out>(sessions: Sessions<Context, In, Out>, context: Context): string;
export function formToken<In, Out>(sessions: BoundSessions<In, Out>): Promise<string>;
export function formToken(sessions: AnySessions, context?: unknown): string | Promise<string> {
  return withContext(sessions, context, (bound, found) => {
    const { signer, owner } = readOwner(bound, found, "formToken");
    return createFormToken(signer, owner);
  });
}

/**
 * Throws `ERR_CROSS_ORIGIN` (403) unless the text is a form token of this session, from whichever field or header the app
 * uses. With bound sessions it returns a promise, which the app must await.
 */
export function verifyFormToken<Context, In, Out>(
  sessions: Sessions<Context, In, Out>,
  context: Context,
  text: unknown,
): void;
export function verifyFormToken<In, Out>(sessions: BoundSessions<In, Out>, text: unknown): Promise<void>;
export function verifyFormToken(sessions: AnySessions, ...args: readonly unknown[]): void | Promise<void> {
  const text = args.at(-1);
  return withContext(sessions, args[0], (bound, found) => {
    const { signer, owner } = readOwner(bound, found, "verifyFormToken");
    if (isFormToken(signer, owner, text)) return;
    const { events, options } = getInternals<unknown, never, never>(bound).lifecycle;
    events.emit("rejected", { reason: "cross_origin", at: options.clock() });
    throw new SessionError("ERR_CROSS_ORIGIN", "The form has no token of this session.");
  });
}

const REVOCATION_TOKEN = { expiresIn: { parse: parseDuration, default: "7d" } } as const;

/**
 * Returns a token for a link that ends one session without being logged in: "this wasn't me", in the message about a new
 * login. It is valid until `expiresIn` has passed (default `"7d"`) or the session has ended, so it works once. Answer the
 * link's `GET` with a page that has a button, and call `revokeByToken` on its `POST`: mail scanners follow every link.
 *
 * Throws `TypeError` without the option `keys`.
 */
export function revocationToken<In, Out extends In>(
  manager: Manager<In, Out>,
  id: string,
  options: { readonly expiresIn?: Duration } = {},
): string {
  if (!isSessionId(id)) throw new TypeError("revocationToken requires the id of a session.");
  const { expiresIn } = parseOptions(options, REVOCATION_TOKEN, "revocationToken");
  const resolved = getLifecycle(manager).options;
  return createRevocationToken(requireSigner(resolved, "revocationToken"), id, resolved.clock() + expiresIn);
}

/**
 * Ends the session of a revocation token. Returns false when the session no longer exists, and for expired or malformed
 * tokens.
 */
export async function revokeByToken<In, Out extends In>(
  manager: Manager<In, Out>,
  token: unknown,
): Promise<boolean> {
  const { options, repository } = getLifecycle(manager);
  const id = parseRevocationToken(requireSigner(options, "revokeByToken"), token, options.clock());
  return (
    id !== undefined && (await repository.endById(id, "revoked", undefined, toUser(undefined))) === "deleted"
  );
}

function readOwner(sessions: AnySessions, context: unknown, method: string) {
  const { lifecycle, requireLive } = getInternals<unknown, never, never>(sessions);
  const { record, data } = requireLive(context, method);
  return {
    signer: requireSigner(lifecycle.options, method),
    owner: { id: record.id, root: data.root },
  };
}

function requireSigner({ signer }: Pick<ResolvedOptions, "signer">, feature: string): Signer {
  if (signer) return signer;
  throw keysRequired(feature);
}
