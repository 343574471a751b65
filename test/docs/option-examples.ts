/**
 * An example of each option, as docs/reference/options.md shows it. The compiler and the option's own parser check each
 * value.
 */
import { randomInt } from "node:crypto";
import { HttpException } from "@nestjs/common";
import { metrics, trace } from "@opentelemetry/api";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Request as ExpressRequest, Response as ExpressResponse } from "express";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { H3Event } from "h3";
import type Koa from "koa";
import {
  type AuthOptions,
  type ClientOptions,
  type CookieOptions,
  type InitOptions,
  type ManagerOptions,
  type PublicOptions,
  type ReauthenticateOptions,
  type SessionLimit,
  typed,
} from "sessionup";
import {
  type AuditHead,
  type AuditLogOptions,
  type AuditQuery,
  type AuditTrailOptions,
  type EraseOptions,
  type FileSinkOptions,
  fileSink,
  type HttpSinkOptions,
  httpSink,
  type LoggerSinkOptions,
  type TrailVerifyOptions,
  toEcs,
  toOcsf,
  type VerifyOptions,
} from "sessionup/audit";
import { type BearerOptions, bearer, type DeviceOptions } from "sessionup/bearer";
import type { CacheOptions } from "sessionup/cache";
import { type ClientValidationOptions, clientValidation } from "sessionup/client-validation";
import { type DpopOptions, dpop } from "sessionup/dpop";
import type { ExpressSessionsOptions } from "sessionup/express";
import type { ExpressSessionOptions } from "sessionup/express-session";
import type { FastifySessionsOptions } from "sessionup/fastify";
import { providerLogin } from "sessionup/federation";
import type { FetchSessionsOptions } from "sessionup/fetch";
import type { H3SessionsOptions } from "sessionup/h3";
import type { HonoSessionsOptions } from "sessionup/hono";
import type { KoaSessionsOptions } from "sessionup/koa";
import type { LambdaSessionsOptions } from "sessionup/lambda";
import { type LiveOptions, liveSessions } from "sessionup/live";
import type { NestSessionsOptions } from "sessionup/nest";
import type { NextSessionsOptions } from "sessionup/next";
import type { NodeSessionsOptions } from "sessionup/node";
import { type OpenTelemetryOptions, openTelemetry } from "sessionup/opentelemetry";
import type { OAuth2StateOptions, PassportOptions } from "sessionup/passport";
import type { FlashOptions, PocketValue, PutOptions, TakeOptions } from "sessionup/pocket";
import { previousCookies } from "sessionup/previous-cookies";
import { type RecognitionOptions, recognition } from "sessionup/recognition";
import type { RoutesOptions } from "sessionup/routes";
import type { SocketIoSessionsOptions } from "sessionup/socket.io";
import type { EventStreamOptions } from "sessionup/sse";
import {
  type DurableObjectStoreOptions,
  durableObjectPush,
  type HubNamespace,
} from "sessionup/stores/durable-objects";
import { type LibsqlStoreOptions, libsqlAudit } from "sessionup/stores/libsql";
import type { LmdbStoreOptions, PollOptions } from "sessionup/stores/lmdb";
import type { MemoryStoreOptions } from "sessionup/stores/memory";
import { type MysqlStoreOptions, mysqlAudit } from "sessionup/stores/mysql";
import { type PostgresStoreOptions, type PushOptions, postgresAudit } from "sessionup/stores/postgres";
import type { RedisStoreOptions } from "sessionup/stores/redis";
import { type SqliteStoreOptions, sqliteAudit } from "sessionup/stores/sqlite";
import type { SvelteKitContext, SvelteKitSessionsOptions } from "sessionup/sveltekit";
import { labelAgent } from "sessionup/user-agent";
import type { WsSessionsOptions } from "sessionup/ws";

const process = {
  env: { SESSION_KEY: "01234567890123456789012345678901", AUDIT_KEY: "01234567890123456789012345678901" },
};
const head = { chain: "q3Ab", seq: 4_711, hash: "…" } satisfies AuditHead;
const env = {
  SESSIONS_HUB: {
    idFromName: (name) => ({ name }),
    get: () => ({ fetch: async () => new Response() }),
  } satisfies HubNamespace<object>,
};
const randomText = (length: number) => Array.from({ length }, () => randomInt(10)).join("");
const findUser = async (id: string) => ({ id });
const findCountry = (ip: string) => ({ country: ip ? "DE" : "" });

const headers = async () => new Headers();
const cookies = async () => ({ set: () => {}, delete: () => {} });

/** The examples by section of the page. */
export const EXAMPLES = {
  Manager: {
    cookie: { name: "shop" },
    expiresIn: "30d",
    nist: "aal2",
    idleTimeout: "30m",
    rotateEvery: "10m",
    transports: ["cookie", bearer()],
    client: { ip: "prefix" },
    recognize: recognition({ device: true }),
    validate: clientValidation({ agent: true, onChange: "report" }),
    live: liveSessions({ recheck: "10s" }),
    telemetry: openTelemetry({ trace, metrics }),
    trustProxy: ["10.0.0.0/8"],
    trustedOrigins: ["https://app.example.com"],
    tombstones: "1d",
    notBefore: new Date("2026-01-31T12:00:00Z"),
    clearSiteData: ["cache", "storage"],
    keys: [process.env.SESSION_KEY],
    maxSessions: { max: 10, onExceed: "evict-oldest" },
    generateId: () => randomText(30),
    generateSecret: () => randomText(43),
    meta: typed<{ theme: string } | undefined>(),
    maxMetaBytes: 1_024,
    clock: () => Date.now(),
  } satisfies Required<ManagerOptions<{ theme: string } | undefined>>,
  cookie: {
    name: "shop",
    path: "/app",
    domain: "example.com",
    secure: true,
    httpOnly: true,
    sameSite: "lax",
    partitioned: true,
    previous: previousCookies([{ name: "sid" }]),
  } satisfies Required<CookieOptions>,
  client: {
    ip: "prefix",
    agent: false,
    parse: labelAgent,
    geo: (ip) => findCountry(ip),
  } satisfies Required<ClientOptions>,
  maxSessions: { max: 10, onExceed: "evict-idlest" } satisfies Required<SessionLimit>,
  init: {
    meta: { theme: "dark" },
    expiresIn: "30d",
    level: 2,
    crossOrigin: "allow",
    provider: providerLogin({ issuer: "https://id.example.com", sid: "s1" }),
    by: { kind: "admin", id: "support-7" },
  } satisfies Required<InitOptions<{ theme: string }>>,
  public: { touch: false, crossOrigin: "allow" } satisfies Required<PublicOptions>,
  auth: {
    touch: false,
    crossOrigin: "allow",
    maxAuthAge: "10m",
    level: 2,
  } satisfies Required<AuthOptions>,
  reauthenticate: { level: 2, expiresIn: "15m" } satisfies Required<ReauthenticateOptions>,
  sessionRoutes: { level: 2, maxAuthAge: "5m", path: "/account" } satisfies Required<RoutesOptions>,
  bearer: {
    header: "X-Session",
    dpop: dpop({ baseUrl: "https://api.example.com" }),
  } satisfies Required<BearerOptions>,
  dpop: {
    baseUrl: "https://api.example.com",
    algorithms: ["ES256", "EdDSA"],
    window: "5m",
    nonce: "5m",
    replay: "allow-within-window",
  } satisfies Required<DpopOptions>,
  initBearer: { deviceName: "Ana's phone" } satisfies Required<DeviceOptions>,
  recognition: { sessions: true, device: true } satisfies Required<RecognitionOptions>,
  liveSessions: { recheck: "10s" } satisfies Required<LiveOptions>,
  openTelemetry: {
    trace,
    metrics,
    exportUserKeys: true,
    onError: (error) => console.error(error),
  } satisfies Required<OpenTelemetryOptions>,
  connectPassport: {
    findUser: (userKey) => findUser(userKey),
    toUserKey: (user) => user.id,
    init: (_user, req) => ({ expiresIn: req.body.remember ? "30d" : "8h" }),
  } satisfies Required<PassportOptions<{ id: string }, unknown, unknown, ExpressRequest>>,
  oauth2StateStore: { ttl: "5m", sameSite: "none" } satisfies Required<OAuth2StateOptions>,
  eventStream: { heartbeat: "30s", maxBufferedBytes: 1_048_576 } satisfies Required<EventStreamOptions>,
  values: {
    schema: typed<readonly string[]>(),
    ttl: "7d",
    sameSite: "strict",
  } satisfies Required<PocketValue>,
  put: { ttl: "5m", key: "state-1" } satisfies Required<PutOptions>,
  take: { key: "state-1", once: true } satisfies Required<TakeOptions>,
  createFlash: { ttl: "1m" } satisfies Required<FlashOptions>,
  clientValidation: { ip: "exact", agent: true, onChange: "end" } satisfies Required<ClientValidationOptions>,
  memoryStore: {
    maxRecords: 1_000_000,
    cleanupEvery: "5s",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<MemoryStoreOptions>,
  redisStore: {
    prefix: "shop:",
    timeout: "2s",
    onWarning: (message) => console.error(message),
    push: true,
    reportExpired: false,
    cleanupEvery: "5m",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<RedisStoreOptions>,
  postgresStore: {
    schema: "auth",
    table: "sessions",
    timeout: "2s",
    prepare: false,
    push: true,
    audit: postgresAudit(),
    cleanupEvery: "5m",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<PostgresStoreOptions>,
  auditLog: {
    to: [fileSink("audit.jsonl"), httpSink("https://siem.example.com/ingest", { format: toOcsf })],
    keys: [process.env.AUDIT_KEY],
    sealEvery: "5s",
    maxWaiting: 100_000,
    maxRejected: 100,
  } satisfies Required<AuditLogOptions>,
  fileSink: { sync: false, format: toEcs } satisfies Required<FileSinkOptions>,
  httpSink: {
    headers: { authorization: "Bearer …" },
    timeout: "5s",
    body: "array",
    format: toOcsf,
  } satisfies Required<HttpSinkOptions>,
  loggerSink: { level: "warn", format: toEcs } satisfies Required<LoggerSinkOptions>,
  verifyEntries: {
    keys: [process.env.AUDIT_KEY],
    heads: [head],
  } satisfies Required<VerifyOptions>,
  auditTrail: { keys: [process.env.AUDIT_KEY] } satisfies Required<AuditTrailOptions>,
  read: {
    userKey: "u1",
    from: new Date("2026-01-01"),
    before: new Date("2026-02-01"),
    after: 1_000,
    limit: 100,
  } satisfies Required<AuditQuery>,
  verify: { head } satisfies Required<TrailVerifyOptions>,
  eraseUser: { policy: "pseudonymize" } satisfies Required<EraseOptions>,
  push: { heartbeat: "2s" } satisfies Required<PushOptions>,
  mysqlStore: {
    table: "sessions",
    timeout: "2s",
    prepare: false,
    push: true,
    audit: mysqlAudit(),
    cleanupEvery: "5m",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<MysqlStoreOptions>,
  sqliteStore: {
    table: "sessions",
    timeout: "2s",
    push: true,
    audit: sqliteAudit(),
    cleanupEvery: "5m",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<SqliteStoreOptions>,
  libsqlStore: {
    table: "sessions",
    timeout: "2s",
    push: true,
    audit: libsqlAudit(),
    cleanupEvery: "5m",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<LibsqlStoreOptions>,
  lmdbStore: {
    path: "sessions.lmdb",
    name: "sessions",
    timeout: "2s",
    push: true,
    cleanupEvery: "5m",
    onCleanupError: (error) => console.error(error),
  } satisfies Required<LmdbStoreOptions>,
  poll: { interval: "250ms" } satisfies Required<PollOptions>,
  durableObjectStore: {
    timeout: "2s",
    push: durableObjectPush(env.SESSIONS_HUB),
  } satisfies Required<DurableObjectStoreOptions>,
  cached: {
    maxAge: "5s",
    maxEntries: 50_000,
    writeEvery: "30s",
    onError: (error) => console.error(error),
  } satisfies Required<CacheOptions>,
  expressSessions: {
    reject: (error, _req, res) => res.status(error.status).send("Please try again."),
  } satisfies Required<ExpressSessionsOptions<ExpressRequest, ExpressResponse>>,
  expressSession: {
    name: "guest",
    expiresIn: "7d",
    sameSite: "none",
  } satisfies Required<ExpressSessionOptions>,
  fastifySessions: {
    reject: (error, _request, reply) => reply.code(error.status).send("Please try again."),
  } satisfies Required<FastifySessionsOptions<FastifyRequest, FastifyReply>>,
  fetchSessions: {
    peerAddress: (request) => request.headers.get("cf-connecting-ip") ?? undefined,
    reject: (error) => new Response("Please try again.", { status: error.status }),
  } satisfies Required<FetchSessionsOptions>,
  h3Sessions: {
    reject: (error) => new Response("Please try again.", { status: error.status }),
  } satisfies Required<H3SessionsOptions<H3Event>>,
  honoSessions: {
    as: "admin",
    peerAddress: (c) => c.req.header("cf-connecting-ip"),
    reject: (error) => new Response("Please try again.", { status: error.status }),
  } satisfies Required<HonoSessionsOptions<"admin">>,
  koaSessions: {
    reject: (error, ctx) => ctx.throw(error.status, "Please try again."),
  } satisfies Required<KoaSessionsOptions<Koa.Context>>,
  lambdaSessions: {
    peerAddress: (event) => event.headers["cf-connecting-ip"],
    reject: (error) => ({ statusCode: error.status, body: "Please try again." }),
  } satisfies Required<LambdaSessionsOptions<APIGatewayProxyEventV2>>,
  nestSessions: {
    reject: (error) => new HttpException("Please try again.", error.status),
  } satisfies Required<NestSessionsOptions>,
  nextSessions: {
    headers,
    cookies,
    peerAddress: (headers) => headers.get("x-real-ip") ?? undefined,
    reject: (error) => new Response("Please try again.", { status: error.status }),
  } satisfies Required<NextSessionsOptions>,
  nodeSessions: {
    reject: (error, _req, res) => {
      res.statusCode = error.status;
      res.end("Please try again.");
    },
  } satisfies Required<NodeSessionsOptions>,
  socketIoSessions: {
    rooms: false,
    reject: (error) => Object.assign(new Error("Please try again."), { data: { status: error.status } }),
  } satisfies Required<SocketIoSessionsOptions>,
  svelteKitSessions: {
    reject: (error) => new Response("Please try again.", { status: error.status }),
    as: "admin",
  } satisfies Required<SvelteKitSessionsOptions<SvelteKitContext>>,
  wsSessions: {
    reject: (error, _req, res) => res.writeHead(error.status).end("Please try again."),
  } satisfies Required<WsSessionsOptions>,
};
