export type { ClientChange } from "./client-info/compare.ts";
export type { TrustProxy } from "./client-info/trust-proxy.ts";
export { shardOf } from "./cookie/shard.ts";
export { type Duration, duration } from "./duration.ts";
export {
  type NeededAuthentication,
  SessionError,
  type SessionErrorCode,
  type UnauthorizedReason,
} from "./errors.ts";
export type { Events, Recognition, SessionEvents } from "./events.ts";
export type { Exchange, SetCookie } from "./exchange.ts";
export type { ProviderLogin, ProviderSession } from "./federation/provider.ts";
export { type BoundSessions, bindSessions } from "./http/bound-sessions.ts";
export type { AuthOptions, PublicOptions } from "./http/middleware.ts";
export {
  createSessions,
  type Guard,
  type Guards,
  type InitArguments,
  type Sessions,
  type SessionsCore,
} from "./http/sessions.ts";
export { type JsonOf, type SchemaResult, type StandardSchema, typed } from "./lifecycle/metadata.ts";
export { type InitOptions, Manager } from "./manager.ts";
export type { ClientOptions, RecognizeOptions, ValidateOptions } from "./options/client-options.ts";
export type { CookieOptions } from "./options/cookie-options.ts";
export type { ManagerOptions } from "./options/options.ts";
export type { ReauthenticateOptions, StepUpOptions } from "./options/step-up-options.ts";
export type { SessionPolicy } from "./report/session-policy.ts";
export type { AssuranceLevel } from "./rules/nist.ts";
export type { Agent, Session, SessionId, SessionJson } from "./session.ts";
export type {
  CreateOptions,
  End,
  EndReason,
  ExpiredSession,
  Json,
  SessionChange,
  SessionCursor,
  SessionData,
  SessionLimit,
  SessionPage,
  SessionRecord,
  Store,
  TombstoneOptions,
  UpdateOptions,
} from "./store.ts";
