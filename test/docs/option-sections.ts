import { EXPRESS_SESSION_TABLE } from "../../src/adapters/express-session/options.ts";
import { FETCH_TABLE } from "../../src/adapters/fetch/options.ts";
import { HONO_TABLE } from "../../src/adapters/hono/options.ts";
import { LAMBDA_TABLE } from "../../src/adapters/lambda/options.ts";
import { NEXT_TABLE } from "../../src/adapters/next/options.ts";
import { PASSPORT_TABLES } from "../../src/adapters/passport/options.ts";
import { REJECT_TABLE } from "../../src/adapters/shared/reject-option.ts";
import { SOCKET_IO_TABLE } from "../../src/adapters/socket.io/options.ts";
import { SVELTEKIT_TABLE } from "../../src/adapters/sveltekit/options.ts";
import { AUDIT_TABLES } from "../../src/audit/options.ts";
import { BEARER_TABLE, DEVICE_TABLE } from "../../src/bearer/options.ts";
import { CACHE_TABLE } from "../../src/cache/options.ts";
import { DPOP_TABLE } from "../../src/dpop/options.ts";
import { EVENT_STREAM_TABLE } from "../../src/live/event-stream-options.ts";
import { LIVE_TABLE } from "../../src/live/live-options.ts";
import { CLIENT_TABLE } from "../../src/options/client-options.ts";
import { CLIENT_VALIDATION_TABLE } from "../../src/options/client-validation-options.ts";
import { COOKIE_TABLE } from "../../src/options/cookie-options.ts";
import { INIT_TABLE } from "../../src/options/init-options.ts";
import { MANAGER_TABLES } from "../../src/options/manager-options.ts";
import { MIDDLEWARE_TABLES } from "../../src/options/middleware-options.ts";
import type { OptionTable } from "../../src/options/parsers.ts";
import { RECOGNITION_TABLE } from "../../src/options/recognition-options.ts";
import { ROUTES_TABLE } from "../../src/options/routes-options.ts";
import { POCKET_TABLES } from "../../src/pocket/options.ts";
import { DURABLE_OBJECTS_TABLE } from "../../src/stores/durable-objects/options.ts";
import { LMDB_TABLE } from "../../src/stores/lmdb/options.ts";
import { MEMORY_TABLE } from "../../src/stores/memory/options.ts";
import { MYSQL_TABLE } from "../../src/stores/mysql/options.ts";
import { POSTGRES_TABLE } from "../../src/stores/postgres/options.ts";
import { REDIS_TABLE } from "../../src/stores/redis/options.ts";
import { POLL_TABLE } from "../../src/stores/shared/poll-channel.ts";
import { PUSH_TABLE } from "../../src/stores/shared/push-channel.ts";
import { SQLITE_TABLE } from "../../src/stores/sqlite/options.ts";
import { OPEN_TELEMETRY_TABLE } from "../../src/telemetry/options.ts";

/** A section of the page: one object of options. */
export interface Section {
  readonly title: string;
  readonly about: string;
  /** The interface that declares and describes the options. */
  readonly declaredBy: string;
  readonly table: OptionTable;
}

const CORE: readonly Section[] = [
  {
    title: "Manager",
    about: "`new Manager(store, options)` and `manager.with(options)`.",
    declaredBy: "ManagerOptions",
    table: MANAGER_TABLES.manager,
  },
  {
    title: "cookie",
    about:
      "The manager's option `cookie`. The entries of `previousCookies([…])` of `sessionup/previous-cookies` have the same options, except `previous`.",
    declaredBy: "CookieOptions",
    table: COOKIE_TABLE,
  },
  {
    title: "client",
    about: "The manager's option `client`.",
    declaredBy: "ClientOptions",
    table: CLIENT_TABLE,
  },
  {
    title: "maxSessions",
    about: "The manager's option `maxSessions`.",
    declaredBy: "SessionLimit",
    table: MANAGER_TABLES.maxSessions,
  },
  {
    title: "init",
    about: "`sessions.init(context, userKey, options)`.",
    declaredBy: "InitOptions",
    table: INIT_TABLE,
  },
  {
    title: "public",
    about: "`sessions.public(options)`.",
    declaredBy: "PublicOptions",
    table: MIDDLEWARE_TABLES.public,
  },
  {
    title: "auth",
    about: "`sessions.auth(options)`.",
    declaredBy: "AuthOptions",
    table: MIDDLEWARE_TABLES.auth,
  },
  {
    title: "reauthenticate",
    about: "`sessions.reauthenticate(context, options)`.",
    declaredBy: "ReauthenticateOptions",
    table: MIDDLEWARE_TABLES.reauthenticate,
  },
  {
    title: "sessionRoutes",
    about: "`sessionRoutes(sessions, options)` of `sessionup/routes`.",
    declaredBy: "RoutesOptions",
    table: ROUTES_TABLE,
  },
  {
    title: "recognition",
    about: "`recognition(options)` of `sessionup/recognition`. At least one of the two must be on.",
    declaredBy: "RecognitionOptions",
    table: RECOGNITION_TABLE,
  },
  {
    title: "clientValidation",
    about:
      "`clientValidation(options)` of `sessionup/client-validation`. At least one of `ip` and `agent` must be on.",
    declaredBy: "ClientValidationOptions",
    table: CLIENT_VALIDATION_TABLE,
  },
  {
    title: "bearer",
    about: "`bearer(options)` of `sessionup/bearer`, for the manager's option `transports`.",
    declaredBy: "BearerOptions",
    table: BEARER_TABLE,
  },
  {
    title: "initBearer",
    about:
      "`initBearer(sessions, context, userKey, options)` of `sessionup/bearer`, which also has the options of [init](#options-of-init).",
    declaredBy: "DeviceOptions",
    table: DEVICE_TABLE,
  },
  {
    title: "dpop",
    about: "`dpop(options)` of `sessionup/dpop`, for the option `dpop` of [bearer](#options-of-bearer).",
    declaredBy: "DpopOptions",
    table: DPOP_TABLE,
  },
  {
    title: "liveSessions",
    about: "`liveSessions(options)` of `sessionup/live`.",
    declaredBy: "LiveOptions",
    table: LIVE_TABLE,
  },
  {
    title: "openTelemetry",
    about:
      "`openTelemetry(options)` of `sessionup/opentelemetry`. At least one of `trace` and `metrics` must be set.",
    declaredBy: "OpenTelemetryOptions",
    table: OPEN_TELEMETRY_TABLE,
  },
  {
    title: "connectPassport",
    about: "`connectPassport(passport, sessions, options)` of `sessionup/passport`.",
    declaredBy: "PassportOptions",
    table: PASSPORT_TABLES.connect,
  },
  {
    title: "oauth2StateStore",
    about: "`oauth2StateStore(sessions, options)` of `sessionup/passport`.",
    declaredBy: "OAuth2StateOptions",
    table: PASSPORT_TABLES.state,
  },
  {
    title: "eventStream",
    about: "`eventStream(sessions, context, options)` of `sessionup/sse`.",
    declaredBy: "EventStreamOptions",
    table: EVENT_STREAM_TABLE,
  },
  {
    title: "values",
    about:
      "Each of the `values` of `createPocket(sessions, { values })` of `sessionup/pocket`. A name is 1 to 32 letters and digits.",
    declaredBy: "PocketValue",
    table: POCKET_TABLES.value,
  },
  {
    title: "put",
    about: "`pocket.put(context, name, value, options)`.",
    declaredBy: "PutOptions",
    table: POCKET_TABLES.put,
  },
  {
    title: "take",
    about: "`pocket.take(context, name, options)`. `pocket.peek` has `key` only.",
    declaredBy: "TakeOptions",
    table: POCKET_TABLES.take,
  },
  {
    title: "createFlash",
    about: "`createFlash(sessions, options)` of `sessionup/pocket`.",
    declaredBy: "FlashOptions",
    table: POCKET_TABLES.flash,
  },
];

const STORES: readonly Section[] = [
  {
    title: "memoryStore",
    about: "`memoryStore(options)` of `sessionup/stores/memory`.",
    declaredBy: "MemoryStoreOptions",
    table: MEMORY_TABLE,
  },
  {
    title: "redisStore",
    about: "`redisStore(client, options)` of `sessionup/stores/redis`.",
    declaredBy: "RedisStoreOptions",
    table: REDIS_TABLE,
  },
  {
    title: "postgresStore",
    about: "`postgresStore(client, options)` of `sessionup/stores/postgres`.",
    declaredBy: "PostgresStoreOptions",
    table: POSTGRES_TABLE,
  },
  {
    title: "push",
    about: "`redisPush(open, options)` and `postgresPush(open, options)`.",
    declaredBy: "PushOptions",
    table: PUSH_TABLE,
  },
  {
    title: "mysqlStore",
    about: "`mysqlStore(pool, options)` of `sessionup/stores/mysql`.",
    declaredBy: "MysqlStoreOptions",
    table: MYSQL_TABLE,
  },
  {
    title: "sqliteStore",
    about: "`sqliteStore(database, options)` of `sessionup/stores/sqlite`.",
    declaredBy: "SqliteStoreOptions",
    table: SQLITE_TABLE,
  },
  {
    title: "libsqlStore",
    about:
      "`libsqlStore(client, options)` of `sessionup/stores/libsql`. On D1 and in Cloudflare Workers there is no background cleanup: `cleanupEvery` is `false` there, and no other value is valid.",
    declaredBy: "LibsqlStoreOptions",
    table: SQLITE_TABLE,
  },
  {
    title: "lmdbStore",
    about: "`lmdbStore(open, options)` of `sessionup/stores/lmdb`.",
    declaredBy: "LmdbStoreOptions",
    table: LMDB_TABLE,
  },
  {
    title: "poll",
    about:
      "`mysqlPush(options)`, `sqlitePush(options)`, `libsqlPush(options)` and `lmdbPush(options)`, for the option `push` of their stores.",
    declaredBy: "PollOptions",
    table: POLL_TABLE,
  },
  {
    title: "durableObjectStore",
    about: "`durableObjectStore(namespace, options)` of `sessionup/stores/durable-objects`.",
    declaredBy: "DurableObjectStoreOptions",
    table: DURABLE_OBJECTS_TABLE,
  },
  {
    title: "cached",
    about: "`cached(store, options)` of `sessionup/cache`.",
    declaredBy: "CacheOptions",
    table: CACHE_TABLE,
  },
];

const AUDIT: readonly Section[] = [
  {
    title: "auditLog",
    about: "`auditLog(manager, options)` of `sessionup/audit`.",
    declaredBy: "AuditLogOptions",
    table: AUDIT_TABLES.auditLog,
  },
  {
    title: "fileSink",
    about: "`fileSink(path, options)` of `sessionup/audit`.",
    declaredBy: "FileSinkOptions",
    table: AUDIT_TABLES.fileSink,
  },
  {
    title: "httpSink",
    about: "`httpSink(url, options)` of `sessionup/audit`.",
    declaredBy: "HttpSinkOptions",
    table: AUDIT_TABLES.httpSink,
  },
  {
    title: "loggerSink",
    about: "`loggerSink(logger, options)` of `sessionup/audit`.",
    declaredBy: "LoggerSinkOptions",
    table: AUDIT_TABLES.loggerSink,
  },
  {
    title: "verifyEntries",
    about: "`verifyEntries(entries, options)` of `sessionup/audit`.",
    declaredBy: "VerifyOptions",
    table: AUDIT_TABLES.verifyEntries,
  },
  {
    title: "auditTrail",
    about: "`auditTrail(store, options)` of `sessionup/audit`.",
    declaredBy: "AuditTrailOptions",
    table: AUDIT_TABLES.auditTrail,
  },
  {
    title: "read",
    about: "`trail.read(query)` of the trail of `auditLog` and `auditTrail`.",
    declaredBy: "AuditQuery",
    table: AUDIT_TABLES.read,
  },
  {
    title: "verify",
    about: "`trail.verify(options)` of the same trail.",
    declaredBy: "TrailVerifyOptions",
    table: AUDIT_TABLES.verify,
  },
  {
    title: "eraseUser",
    about: "`trail.eraseUser(userKey, options)` of the same trail.",
    declaredBy: "EraseOptions",
    table: AUDIT_TABLES.eraseUser,
  },
];

const ADAPTERS: readonly Section[] = [
  {
    title: "expressSessions",
    about: "`expressSessions(manager, options)` of `sessionup/express`.",
    declaredBy: "ExpressSessionsOptions",
    table: REJECT_TABLE,
  },
  {
    title: "expressSession",
    about: "`expressSession(sessions, options)` of `sessionup/express-session`.",
    declaredBy: "ExpressSessionOptions",
    table: EXPRESS_SESSION_TABLE,
  },
  {
    title: "fastifySessions",
    about: "`fastifySessions(manager, options)` of `sessionup/fastify`.",
    declaredBy: "FastifySessionsOptions",
    table: REJECT_TABLE,
  },
  {
    title: "fetchSessions",
    about: "`fetchSessions(manager, options)` of `sessionup/fetch`.",
    declaredBy: "FetchSessionsOptions",
    table: FETCH_TABLE,
  },
  {
    title: "h3Sessions",
    about: "`h3Sessions(manager, options)` of `sessionup/h3`.",
    declaredBy: "H3SessionsOptions",
    table: REJECT_TABLE,
  },
  {
    title: "honoSessions",
    about: "`honoSessions(manager, options)` of `sessionup/hono`.",
    declaredBy: "HonoSessionsOptions",
    table: HONO_TABLE,
  },
  {
    title: "koaSessions",
    about: "`koaSessions(manager, options)` of `sessionup/koa`.",
    declaredBy: "KoaSessionsOptions",
    table: REJECT_TABLE,
  },
  {
    title: "lambdaSessions",
    about: "`lambdaSessions(manager, options)` of `sessionup/lambda`.",
    declaredBy: "LambdaSessionsOptions",
    table: LAMBDA_TABLE,
  },
  {
    title: "nestSessions",
    about: "`nestSessions(manager, options)` of `sessionup/nest`.",
    declaredBy: "NestSessionsOptions",
    table: REJECT_TABLE,
  },
  {
    title: "nextSessions",
    about: "`nextSessions(manager, options)` of `sessionup/next`.",
    declaredBy: "NextSessionsOptions",
    table: NEXT_TABLE,
  },
  {
    title: "nodeSessions",
    about: "`nodeSessions(manager, options)` of `sessionup/node`.",
    declaredBy: "NodeSessionsOptions",
    table: REJECT_TABLE,
  },
  {
    title: "socketIoSessions",
    about: "`socketIoSessions(manager, options)` of `sessionup/socket.io`.",
    declaredBy: "SocketIoSessionsOptions",
    table: SOCKET_IO_TABLE,
  },
  {
    title: "svelteKitSessions",
    about: "`svelteKitSessions(manager, options)` of `sessionup/sveltekit`.",
    declaredBy: "SvelteKitSessionsOptions",
    table: SVELTEKIT_TABLE,
  },
  {
    title: "wsSessions",
    about: "`wsSessions(manager, options)` of `sessionup/ws`.",
    declaredBy: "WsSessionsOptions",
    table: REJECT_TABLE,
  },
];

/** The sections in the order of the page. */
export const SECTIONS: readonly Section[] = [...CORE, ...STORES, ...AUDIT, ...ADAPTERS];

/** The defaults that the tables do not show: generated values, functions and objects with a section of their own. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  "Manager.cookie": "see [cookie](#options-of-cookie)",
  "Manager.client": "see [client](#options-of-client)",
  "Manager.transports": '`["cookie"]`',
  "Manager.generateId": "20 random characters",
  "Manager.generateSecret": "43 random characters",
  "Manager.clock": "`Date.now`",
  "client.parse": "a built-in labeller",
  "init.expiresIn": "the manager's `expiresIn`",
  "memoryStore.maxRecords": "no limit",
  "connectPassport.findUser": "the functions of `passport.deserializeUser`",
  "connectPassport.toUserKey": "the functions of `passport.serializeUser`",
  "redisStore.onWarning": "`console.warn`",
  "cached.onError": "`console.warn`",
  "openTelemetry.onError": "`console.warn`",
  "postgresStore.schema": "the first schema of the `search_path`",
  "poll.interval":
    '`"100ms"` with SQLite and LMDB, `"500ms"` with MySQL and MariaDB, `"1s"` with libSQL and D1',
  ...forEach(STORES, "onCleanupError", "`console.warn`"),
  ...forEach(AUDIT, "format", "the entry itself"),
  ...forEach(ADAPTERS, "reject", "the default JSON"),
  "expressSession.sameSite": 'the manager\'s, but `"lax"` in place of `"strict"`',
  "fetchSessions.peerAddress": "the address is unknown",
  "honoSessions.peerAddress": "the socket's address on `@hono/node-server`, unknown elsewhere",
  "lambdaSessions.peerAddress": "`requestContext.http.sourceIp`",
  "nextSessions.peerAddress": "the address is unknown",
};

/** Returns the same default for an option of every section that has it. */
function forEach(sections: readonly Section[], option: string, shown: string): Record<string, string> {
  const having = sections.filter(({ table }) => option in table);
  return Object.fromEntries(having.map(({ title }) => [`${title}.${option}`, shown]));
}
