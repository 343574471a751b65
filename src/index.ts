export { type BoundSessions, bindSessions } from "./bound-sessions.ts";
export type { ClientOptions, RecognizeOptions, ValidateOptions } from "./client-options.ts";
export type { CookieOptions } from "./cookie-options.ts";
export { type Duration, duration } from "./duration.ts";
export {
  type NeededAuthentication,
  SessionError,
  type SessionErrorCode,
  type UnauthorizedReason,
} from "./errors.ts";
export type { Events, Recognition, SessionEvents } from "./events.ts";
export type { Exchange, SetCookie } from "./exchange.ts";
export type { AuthOptions, PublicOptions } from "./guards.ts";
export type { ClientChange } from "./identity/change.ts";
export type { TrustProxy } from "./identity/trust-proxy.ts";
export { type InitOptions, Manager } from "./manager.ts";
export { type JsonOf, type SchemaResult, type StandardSchema, typed } from "./meta.ts";
export type { ManagerOptions } from "./options.ts";
export type { AssuranceLevel } from "./policy/assurance.ts";
export type { ProviderLogin, ProviderSession } from "./provider.ts";
export type { RouteAnswer, RouteRequest, Routes, RoutesOptions } from "./routes.ts";
export type { Agent, Session, SessionId, SessionJson } from "./session.ts";
export type { SessionPolicy } from "./session-policy.ts";
export {
  createSessions,
  type Guard,
  type Guards,
  type InitArguments,
  type Sessions,
  type SessionsCore,
} from "./sessions.ts";
export { shardOf } from "./shard.ts";
export type { ReauthenticateOptions, StepUpOptions } from "./step-up.ts";
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
