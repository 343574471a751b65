import type { SessionError } from "../errors.ts";
import { type AuthResult, getStepUpState } from "../lifecycle/auth-result.ts";
import {
  type AuthOptions,
  type MiddlewareRules,
  type PublicOptions,
  parseAuthOptions,
  parsePublicOptions,
  toNeededAuthentication,
} from "../options/middleware-options.ts";
import { continueWith } from "../rules/maybe-promise.ts";
import { meetsRequirement, type StepUpRequirement } from "../rules/step-up.ts";
import type { MaybePromise } from "../store.ts";
import type { RequestState } from "./request-state.ts";

/**
 * A check that middleware runs before the handler. Returns the error to reject with, or `undefined` to run the handler. Returns
 * a promise of it only where it has to wait, for example for the store.
 */
export type Guard<Context> = (context: Context) => MaybePromise<SessionError | undefined>;

/** Creates guards, once for all requests. Throws `TypeError` for invalid options. */
export interface Guards<Context> {
  /** The guard of `public`: loads the session, and rejects only unsafe requests of another origin's pages (403). */
  public(options?: PublicOptions): Guard<Context>;
  /** The guard of `auth`: also rejects requests without a session (401), and when the store fails (503). */
  auth(options?: AuthOptions): Guard<Context>;
}

type GetState<Context, Out> = (context: Context) => RequestState<Out>;

/** Creates the guards of a manager. @internal */
export function createGuards<Context, Out>(getState: GetState<Context, Out>): Guards<Context> {
  return {
    public: (options) => createGuard(getState, parsePublicOptions(options), false, () => undefined),
    auth(options) {
      const rules = parseAuthOptions(options);
      return createGuard(getState, rules, true, (state, result) => {
        const error = findRejection(state, result, rules.requirement);
        // The response is for one user, so no shared cache may store it.
        if (!error && state.exchange.blocked() === undefined)
          state.exchange.setDefaultHeader("cache-control", "private");
        return error;
      });
    },
  };
}

function createGuard<Context, Out>(
  getState: GetState<Context, Out>,
  { touch, crossOrigin }: MiddlewareRules,
  rotate: boolean,
  judge: (state: RequestState<Out>, result: AuthResult<Out>) => SessionError | undefined,
): Guard<Context> {
  const use = { touch, rotate };
  return (context) => {
    const state = getState(context);
    if (crossOrigin === "allow") state.acceptAnyOrigin();
    else {
      const error = state.rejectCrossOrigin();
      if (error) return error;
    }
    return continueWith(state.load(use), (result) => judge(state, result));
  };
}

/** Returns the error for a request that lacks a session, or a proof that the requirement asks for. @internal */
export function findRejection<Out>(
  state: RequestState<Out>,
  result: AuthResult<Out>,
  requirement?: StepUpRequirement,
): SessionError | undefined {
  if (result.state === "failed") return result.error;
  if (result.state !== "session") return state.reject(result.reason);
  if (
    !requirement ||
    meetsRequirement(getStepUpState(result), requirement, result.record, state.lifecycle.options.clock())
  )
    return undefined;
  return state.reject("stale_authentication", toNeededAuthentication(requirement));
}
