/** What the store calls of ioredis, and of clients that are made like it: `Redis` and `Cluster`. */
export interface IoRedisClient {
  call(command: string, args: string[]): Promise<unknown>;
  readonly isCluster: boolean;
  // A cluster and a single server have different options, and only some of them matter.
  // biome-ignore lint/suspicious/noExplicitAny: each client types them in its own way; they are checked as they are read
  readonly options?: any;
}

/** What the store calls of node-redis: of `createClient` and `createClientPool`. */
export interface NodeRedisClient {
  sendCommand(args: string[], options?: NodeRedisOptions): Promise<unknown>;
  readonly isOpen: boolean;
}

/** What the store calls of node-redis' `createCluster`. */
export interface NodeRedisCluster {
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
    options?: NodeRedisOptions,
  ): Promise<unknown>;
  readonly isOpen: boolean;
  readonly nodeByAddress: object;
}

/** What the store calls of node-redis' `createSentinel`. */
export interface NodeRedisSentinel {
  sendCommand(isReadonly: boolean | undefined, args: string[], options?: NodeRedisOptions): Promise<unknown>;
  readonly isOpen: boolean;
  getMasterNode(): unknown;
}

interface NodeRedisOptions {
  readonly typeMapping?: Record<never, never>;
}

/** A client of the app's, connected or about to be. */
export type RedisClient = IoRedisClient | NodeRedisClient | NodeRedisCluster | NodeRedisSentinel;

/** The one thing that the store asks of a client. */
export interface RedisPort {
  readonly isCluster: boolean;
  /** Whether it writes what is asked for in one turn of the event loop together, as node-redis does. */
  readonly gathers: boolean;
  /** Sends a command to the primary that has the key; replies are text, lists of text, or null. */
  send(key: string | undefined, args: string[]): Promise<unknown>;
}

/** Text comes as text, whatever the app has its own replies turned into. */
const AS_TEXT: NodeRedisOptions = { typeMapping: {} };

/** The port over whatever client this is. Throws `TypeError` for what is none, or would read from a replica. */
export function portOf(client: RedisClient): RedisPort {
  if (isIoRedis(client)) return ioRedisPort(client);
  // node-redis' legacy clients have neither promises nor `isOpen`.
  if (typeof client?.sendCommand !== "function" || typeof client.isOpen !== "boolean")
    throw new TypeError(
      "client: must be a Redis or Cluster of ioredis 5 or 6 or of iovalkey, or a client, pool, cluster or sentinel of node-redis 5 or 6.",
    );
  if ("nodeByAddress" in client)
    return {
      isCluster: true,
      gathers: true,
      send: async (key, args) => client.sendCommand(key, false, args, AS_TEXT),
    };
  if ("getMasterNode" in client)
    return {
      isCluster: false,
      gathers: true,
      send: async (_key, args) => client.sendCommand(false, args, AS_TEXT),
    };
  return { isCluster: false, gathers: true, send: async (_key, args) => client.sendCommand(args, AS_TEXT) };
}

function ioRedisPort(client: IoRedisClient): RedisPort {
  const { scaleReads = "master", role = "master", keyPrefix = "" } = client.options ?? {};
  // Who has just been signed out would still be signed in there.
  if (scaleReads !== "master")
    throw new TypeError(
      'client: reads go to primaries only; give the store a Cluster with scaleReads "master"',
    );
  if (role !== "master")
    throw new TypeError(
      'client: reads and writes go to the primary; give the store a client with role "master"',
    );
  if (String(keyPrefix).includes("{"))
    throw new TypeError(
      'client: its keyPrefix has a "{", which would take the place of the hash tag; use the store\'s prefix instead',
    );
  return {
    isCluster: client.isCluster,
    // A cluster's records are on many nodes: it sends what belongs together together.
    gathers: client.isCluster,
    // Asynchronous, so that what it throws at once is a rejection too.
    async send(_key, [command = "", ...args]) {
      try {
        return await client.call(command, args);
      } catch (error) {
        throw withoutArguments(error);
      }
    },
  };
}

/** Its errors carry what was sent: of a record the hashes too, which would be in whatever log the error goes to. */
function withoutArguments(error: unknown): unknown {
  if (typeof error !== "object" || error === null || !("command" in error)) return error;
  const { command } = error;
  if (typeof command === "object" && command !== null && "name" in command)
    error.command = { name: command.name };
  return error;
}

function isIoRedis(client: RedisClient): client is IoRedisClient {
  return (
    typeof client === "object" && client !== null && "call" in client && typeof client.call === "function"
  );
}
