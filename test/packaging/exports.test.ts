import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { ENTRIES, PACKAGE, ROOT, sourceFiles } from "../support/entries.ts";
import { exportedBy } from "../support/exported.ts";

/** The subpaths that are of neither folder. */
const OTHERS: Readonly<Record<string, string>> = {
  ".": "index.ts",
  "./client": "client.ts",
  "./context": "context.ts",
  "./routes": "http/routes.ts",
  "./testing": "testing.ts",
};

/** The subpath that a file of src/ must have: stores and adapters, but for what belongs to their folders alone. */
function subpathOf(file: string): string | undefined {
  const [, folder, name] = /^(stores|adapters)\/([^_/][^/]*)\.ts$/.exec(file) ?? [];
  if (name === undefined) return undefined;
  return folder === "stores" ? `./stores/${name}` : `./${name}`;
}

describe("the exports of package.json", () => {
  it("have a subpath for every store and every adapter, and no other", () => {
    const wanted = sourceFiles().flatMap((file) => subpathOf(file) ?? []);
    expect([...ENTRIES.keys()].sort()).toEqual([...Object.keys(OTHERS), ...wanted].sort());
  });

  it("point at what is built of the file of the same name", () => {
    const wanted = new Map(sourceFiles().map((file) => [subpathOf(file), file]));
    for (const [subpath, file] of ENTRIES) {
      expect(file).toBe(OTHERS[subpath] ?? wanted.get(subpath));
    }
  });

  it.each([...ENTRIES])("name the types of %s first, then the module", (subpath, file) => {
    const built = `./dist/${file.replace(/\.ts$/, "")}`;
    // Whoever resolves takes the first condition that fits: after `default` nobody would come to the types.
    expect(Object.entries(PACKAGE.exports[subpath] ?? {})).toEqual([
      ["types", `${built}.d.ts`],
      ["default", `${built}.js`],
    ]);
  });

  it("have package.json itself, for tools that look into it", () => {
    expect(PACKAGE.exports["./package.json"]).toBe("./package.json");
  });

  it("have a budget each in size-limit", () => {
    const budgets = PACKAGE["size-limit"] ?? [];
    const named = budgets.map(({ name, path }) => [name, path]);
    const wanted = [...ENTRIES].map(([subpath, file]) => [
      subpath.replace(/^\./, PACKAGE.name),
      `dist/${file.replace(/\.ts$/, ".js")}`,
    ]);
    expect(named.sort()).toEqual(wanted.sort());
  });

  it("give these names at run time", async () => {
    const names: Record<string, string[]> = {};
    for (const [subpath, file] of ENTRIES) {
      const module: object = await import(pathToFileURL(`${ROOT}src/${file}`).href);
      names[subpath] = Object.keys(module).sort();
    }
    expect(names).toMatchInlineSnapshot(`
      {
        ".": [
          "Manager",
          "SessionError",
          "bindSessions",
          "createSessions",
          "duration",
          "shardOf",
          "typed",
        ],
        "./client": [
          "SessionClientError",
          "sessionClient",
        ],
        "./context": [
          "contextSessions",
        ],
        "./express": [
          "expressSessions",
        ],
        "./fastify": [
          "fastifySessions",
        ],
        "./fetch": [
          "fetchSessions",
        ],
        "./h3": [
          "h3Sessions",
        ],
        "./hono": [
          "honoSessions",
        ],
        "./koa": [
          "koaSessions",
        ],
        "./lambda": [
          "lambdaSessions",
        ],
        "./nest": [
          "nestSessions",
        ],
        "./next": [
          "nextSessions",
        ],
        "./node": [
          "nodeSessions",
        ],
        "./routes": [
          "sessionRoutes",
        ],
        "./stores/durable-objects": [
          "SessionsObject",
          "durableObjectStore",
        ],
        "./stores/libsql": [
          "libsqlStore",
        ],
        "./stores/lmdb": [
          "lmdbStore",
        ],
        "./stores/memory": [
          "memoryStore",
        ],
        "./stores/mysql": [
          "mysqlStore",
        ],
        "./stores/postgres": [
          "postgresStore",
        ],
        "./stores/redis": [
          "redisStore",
        ],
        "./stores/sqlite": [
          "sqliteStore",
        ],
        "./sveltekit": [
          "svelteKitSessions",
        ],
        "./testing": [
          "TestClock",
          "adapterContract",
          "cookieOf",
          "signIn",
          "storeContract",
          "withSession",
        ],
        "./ws": [
          "wsSessions",
        ],
      }
    `);
  });

  it("give these types", () => {
    const names: Record<string, string[]> = {};
    for (const [subpath, file] of ENTRIES) {
      const types = exportedBy(file).filter(({ typeOnly }) => typeOnly);
      names[subpath] = types.map(({ name }) => name).sort();
    }
    expect(names).toMatchInlineSnapshot(`
      {
        ".": [
          "Agent",
          "AssuranceLevel",
          "AuthOptions",
          "BoundSessions",
          "ClientChange",
          "ClientOptions",
          "CookieOptions",
          "CreateOptions",
          "Duration",
          "End",
          "EndReason",
          "Events",
          "Exchange",
          "ExpiredSession",
          "Guard",
          "Guards",
          "InitArguments",
          "InitOptions",
          "Json",
          "JsonOf",
          "ManagerOptions",
          "NeededAuthentication",
          "ProviderLogin",
          "ProviderSession",
          "PublicOptions",
          "ReauthenticateOptions",
          "Recognition",
          "RecognizeOptions",
          "SchemaResult",
          "Session",
          "SessionChange",
          "SessionCursor",
          "SessionData",
          "SessionErrorCode",
          "SessionEvents",
          "SessionId",
          "SessionJson",
          "SessionLimit",
          "SessionPage",
          "SessionPolicy",
          "SessionRecord",
          "Sessions",
          "SessionsCore",
          "SetCookie",
          "StandardSchema",
          "StepUpOptions",
          "Store",
          "TombstoneOptions",
          "TrustProxy",
          "UnauthorizedReason",
          "UpdateOptions",
          "ValidateOptions",
        ],
        "./client": [
          "SessionClient",
          "SessionClientOptions",
          "SessionStatus",
          "SessionWatcher",
        ],
        "./context": [
          "ContextSessions",
        ],
        "./express": [
          "ExpressContext",
          "ExpressMiddleware",
          "ExpressSessions",
          "ExpressSessionsOptions",
          "NodeResponse",
        ],
        "./fastify": [
          "FastifyContext",
          "FastifyHook",
          "FastifyPlugin",
          "FastifyScope",
          "FastifySessions",
          "FastifySessionsOptions",
        ],
        "./fetch": [
          "AuthenticatedFetchContext",
          "FetchContext",
          "FetchHandler",
          "FetchRoutes",
          "FetchSessions",
          "FetchSessionsOptions",
        ],
        "./h3": [
          "H3Context",
          "H3Middleware",
          "H3Sessions",
          "H3SessionsOptions",
        ],
        "./hono": [
          "HonoMiddleware",
          "HonoSessions",
          "HonoSessionsOptions",
        ],
        "./koa": [
          "KoaContext",
          "KoaMiddleware",
          "KoaSessions",
          "KoaSessionsOptions",
        ],
        "./lambda": [
          "AuthenticatedLambdaContext",
          "LambdaContext",
          "LambdaEvent",
          "LambdaHandler",
          "LambdaResult",
          "LambdaRoutes",
          "LambdaSessions",
          "LambdaSessionsOptions",
        ],
        "./nest": [
          "NestContext",
          "NestMiddleware",
          "NestSessions",
          "NestSessionsOptions",
          "ParameterOf",
        ],
        "./next": [
          "NextCookieAttributes",
          "NextCookies",
          "NextHandler",
          "NextHeaders",
          "NextRoutes",
          "NextSessions",
          "NextSessionsOptions",
        ],
        "./node": [
          "NodeContext",
          "NodeMiddleware",
          "NodeRequest",
          "NodeResponse",
          "NodeSessions",
          "NodeSessionsOptions",
        ],
        "./routes": [
          "RouteAnswer",
          "RouteRequest",
          "Routes",
          "RoutesOptions",
        ],
        "./stores/durable-objects": [
          "DurableObjectStoreOptions",
          "ObjectState",
          "ObjectStorage",
          "SessionsNamespace",
          "SessionsStub",
        ],
        "./stores/libsql": [
          "D1",
          "D1Statement",
          "LibsqlClient",
          "LibsqlStore",
          "LibsqlStoreOptions",
        ],
        "./stores/lmdb": [
          "LmdbDatabase",
          "LmdbRoot",
          "LmdbStore",
          "LmdbStoreOptions",
        ],
        "./stores/memory": [
          "MemoryStoreOptions",
        ],
        "./stores/mysql": [
          "MysqlConnection",
          "MysqlPool",
          "MysqlQuery",
          "MysqlStore",
          "MysqlStoreOptions",
        ],
        "./stores/postgres": [
          "PgPool",
          "PostgresJs",
          "PostgresStore",
          "PostgresStoreOptions",
        ],
        "./stores/redis": [
          "IoRedisClient",
          "NodeRedisClient",
          "NodeRedisCluster",
          "NodeRedisSentinel",
          "RedisClient",
          "RedisStoreOptions",
        ],
        "./stores/sqlite": [
          "SqliteDatabase",
          "SqliteStatement",
          "SqliteStore",
          "SqliteStoreOptions",
        ],
        "./sveltekit": [
          "SvelteKitContext",
          "SvelteKitHandle",
          "SvelteKitSessions",
          "SvelteKitSessionsOptions",
        ],
        "./testing": [
          "AdapterContractOptions",
          "ContractApp",
          "ContractReply",
          "ContractRoute",
          "ContractSkip",
          "ResponseWithCookies",
          "SignInArguments",
          "SignInOptions",
          "StoreContractOptions",
          "TestRunner",
        ],
        "./ws": [
          "WsServer",
          "WsSessions",
          "WsSessionsOptions",
          "WsSocket",
          "WsUpgrade",
        ],
      }
    `);
  });
});
