/** The members of `Redis` and `Cluster` of ioredis and compatible clients that the store uses. */
export interface IoRedisClient {
  call(command: string, args: string[]): Promise<unknown>;
  pipeline(commands: string[][]): { exec(): Promise<Array<[error: Error | null, reply: unknown]> | null> };
  readonly isCluster: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each client has its own type; the store checks the options it reads
  readonly options?: any;
}

/** The members of node-redis' `createClient()` and `createClientPool()` that the store uses. */
export interface NodeRedisClient {
  sendCommand(args: string[], options?: NodeRedisOptions): Promise<unknown>;
  readonly isOpen: boolean;
}

/** The members of node-redis' `createCluster()` that the store uses. */
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

/** The members of node-redis' `createSentinel()` that the store uses. */
export interface NodeRedisSentinel {
  sendCommand(isReadonly: boolean | undefined, args: string[], options?: NodeRedisOptions): Promise<unknown>;
  readonly isOpen: boolean;
  getMasterNode(): unknown;
}

interface NodeRedisOptions {
  readonly typeMapping?: Record<never, never>;
}

/** The app's client, connected or connecting. */
export type RedisClient = IoRedisClient | NodeRedisClient | NodeRedisCluster | NodeRedisSentinel;

/** The operation that the store needs of any client. */
export interface RedisPort {
  readonly isCluster: boolean;
  /** Text that the client puts before every key. */
  readonly keyPrefix: string;
  /** Whether the client writes the commands of one event-loop turn together, as node-redis does. */
  readonly batches: boolean;
  /** Sends a command to the primary that has the key. Replies are strings, arrays of strings or null. */
  send(key: string | undefined, args: string[]): Promise<unknown>;
}

/** Overrides the app's type mapping, so that replies are strings. */
const AS_STRINGS: NodeRedisOptions = { typeMapping: {} };

/** Returns the port of a client. Throws `TypeError` for an unsupported client, or for one that reads from replicas. */
export function toRedisPort(client: RedisClient): RedisPort {
  if (isIoRedis(client)) return toIoRedisPort(client);
  // Legacy clients of node-redis have no promises, and no `isOpen`.
  if (typeof client?.sendCommand !== "function" || typeof client.isOpen !== "boolean")
    throw new TypeError(
      "client must be a Redis or Cluster of ioredis 5 or 6 or of iovalkey, or a client, pool, cluster or sentinel of node-redis 5 or 6.",
    );
  if ("nodeByAddress" in client)
    return {
      isCluster: true,
      keyPrefix: "",
      batches: true,
      send: async (key, args) => client.sendCommand(key, false, args, AS_STRINGS),
    };
  if ("getMasterNode" in client)
    return {
      isCluster: false,
      keyPrefix: "",
      batches: true,
      send: async (_key, args) => client.sendCommand(false, args, AS_STRINGS),
    };
  return {
    isCluster: false,
    keyPrefix: "",
    batches: true,
    send: async (_key, args) => client.sendCommand(args, AS_STRINGS),
  };
}

function toIoRedisPort(client: IoRedisClient): RedisPort {
  const {
    scaleReads = "master",
    role = "master",
    keyPrefix = "",
    enableAutoPipelining,
  } = client.options ?? {};
  // On a replica, a session that has just ended may still be valid.
  if (scaleReads !== "master")
    throw new TypeError('client must read from primaries. Set scaleReads: "master" on the Cluster.');
  if (role !== "master") throw new TypeError('client must be connected to the primary. Set role: "master".');
  if (String(keyPrefix).includes("{"))
    throw new TypeError(
      'client must have no "{" in its keyPrefix: it would replace the hash tag. Use the store\'s prefix instead.',
    );
  // An automatic pipeline of a Cluster takes a script's hash for its key and may send the script to the wrong node.
  const send =
    client.isCluster && enableAutoPipelining
      ? async (command: string, args: string[]) => {
          const [[error, reply] = [new Error("The pipeline returned no reply."), undefined]] =
            (await client.pipeline([[command.toLowerCase(), ...args]]).exec()) ?? [];
          if (error) throw error;
          return reply;
        }
      : (command: string, args: string[]) => client.call(command, args);
  return {
    isCluster: client.isCluster,
    keyPrefix: String(keyPrefix),
    // A Cluster groups commands by node.
    batches: client.isCluster,
    // Asynchronous, so that an error that `call` throws becomes a rejection.
    async send(_key, [command = "", ...args]) {
      try {
        return await send(command, args);
      } catch (error) {
        throw withoutArguments(error);
      }
    },
  };
}

/** Removes the arguments of the command from the error. They include the hashes of a record and would end up in logs. */
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
