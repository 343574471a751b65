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
export type { Exchange, RequestSource, SetCookie } from "./exchange.ts";
export { type BoundSessions, bindSessions } from "./http/bound-sessions.ts";
export type { Guard, Guards } from "./http/middleware.ts";
export { createSessions, type InitArguments, type Sessions, type SessionsCore } from "./http/sessions.ts";
export { Manager } from "./manager.ts";
export type { BearerTransport } from "./options/bearer-transport.ts";
export type { ClientOptions } from "./options/client-options.ts";
export type { ClientValidator } from "./options/client-validator.ts";
export type { CookieOptions } from "./options/cookie-options.ts";
export type { InitOptions, ProviderLogin } from "./options/init-options.ts";
export type { ManagerOptions } from "./options/manager-options.ts";
export type {
  AuthOptions,
  PublicOptions,
  ReauthenticateOptions,
  StepUpOptions,
} from "./options/middleware-options.ts";
export type { PreviousCookies } from "./options/previous-cookies.ts";
export type { Recognizer } from "./options/recognizer.ts";
export type { AssuranceLevel } from "./rules/nist.ts";
export type { Agent, Session, SessionId, SessionJson, SessionKind } from "./session.ts";
export { type JsonOf, type SchemaResult, type StandardSchema, typed } from "./standard-schema.ts";
export type {
  Actor,
  ChangedEvent,
  CreateOptions,
  CreateResult,
  End,
  EndedEvent,
  EndReason,
  ExpiredSession,
  Json,
  MaybePromise,
  ScanFilter,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionCount,
  SessionCursor,
  SessionData,
  SessionLimit,
  SessionPage,
  SessionRecord,
  Store,
  StoreListener,
  StoreState,
  TimeRange,
  TombstoneOptions,
  UpdateOptions,
} from "./store.ts";
export { CLAIM_PREFIX } from "./store.ts";
