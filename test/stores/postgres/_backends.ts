import pg from "pg";
import postgres from "postgres";
import {
  type PostgresPush,
  type PostgresStoreOptions,
  postgresPush,
  postgresStore,
} from "sessionup/stores/postgres";
import type { ContractSkip } from "sessionup/testing";
import type { Backend, Group, OpenStore } from "../../contract/backend.ts";
import { type PgbouncerServer, startPgbouncer } from "../../support/servers/pgbouncer.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";

/** A driver that opens a store over its own client. */
interface Driver {
  readonly name: string;
  open(url: string, options: PostgresStoreOptions): OpenStore & { migrate(): Promise<void> };
}

const PG: Driver = {
  name: "pg",
  open(url, options) {
    const pool = new pg.Pool({ connectionString: url, max: 10 });
    const another = () => postgresStore(pool, options);
    const store = another();
    return {
      store,
      another,
      migrate: () => store.migrate(),
      ping: async () => void (await pool.query("select 1")),
      async close() {
        await store.close();
        await pool.end();
      },
    };
  },
};

const POSTGRES_JS: Driver = {
  name: "postgres.js",
  open(url, options) {
    const sql = postgres(url, { max: 10, onnotice: () => {} });
    const another = () => postgresStore(sql, options);
    const store = another();
    return {
      store,
      another,
      migrate: () => store.migrate(),
      ping: async () => void (await sql`select 1`),
      async close() {
        await store.close();
        await sql.end();
      },
    };
  },
};

const RACES: readonly Group[] = ["races", "ended once"];
/** Groups that use operations of the contract, one after another. */
const LOGIC: readonly Group[] = ["operators", "ends", "timeouts", "limits", "model"];

/** The server carries out the same statements, whichever driver sends them. */
const NO_RACES: ContractSkip = {
  reason: "races and thousands of sessions run once for each way in which statements reach a server",
  tests: ["races", "delete-created-before/many"],
};

/** A scan sends the same statements with push as without. */
const NO_SCANS: ContractSkip = {
  reason: "scans run with the backends without push",
  tests: ["scan"],
};

/** Every driver, directly and behind PgBouncer. The whole suite runs with one driver. */
export const pgBackend = (): Backend => createBackend(PG);
export const postgresJsBackend = (): Backend => ({
  ...createBackend(POSTGRES_JS),
  elsewhere: { "postgres × pg": LOGIC },
});
export const bouncerBackends = (): readonly Backend[] => [
  behindPgBouncer(PG, "nothing prepared", 0),
  withoutRaces(behindPgBouncer(POSTGRES_JS, "nothing prepared", 0)),
  // Fewer than the store uses, so PgBouncer has to drop statements and prepare them again transparently.
  withoutRaces(behindPgBouncer(PG, "prepared statements", 5)),
  behindPgBouncer(POSTGRES_JS, "prepared statements", 5),
];

/** The contract with push. The other backends have none, so both forms of each statement run. */
export const pushBackends = (): readonly Backend[] =>
  [
    createBackend(PG, true),
    withoutRaces(createBackend(POSTGRES_JS, true)),
    withoutRaces(behindPgBouncer(PG, "prepared statements, push", 5, true)),
  ].map((backend) => ({
    ...backend,
    skip: [...(backend.skip ?? []), NO_SCANS],
    contractOnly: true,
    subscribes: true,
  }));

function withoutRaces(backend: Backend): Backend {
  return { ...backend, skip: [NO_RACES] };
}

/**
 * Creates a backend behind PgBouncer in transaction mode. PgBouncer tracks `prepared` statements; 0 disables tracking. With
 * `pushes`, the connection that listens goes to the server itself.
 */
function behindPgBouncer(driver: Driver, how: string, prepared: number, pushes = false): Backend {
  let postgres: PostgresServer | undefined;
  let bouncer: PgbouncerServer | undefined;
  const options = { prepare: prepared > 0 };
  return {
    store: "postgres",
    client: `${driver.name} behind PgBouncer, ${how}`,
    elsewhere: { "postgres × pg": [...RACES, ...LOGIC] },
    async start() {
      postgres = await startPostgres(WITHOUT_FSYNC);
      bouncer = await startPgbouncer(postgres.port, prepared);
      const first = driver.open(bouncer.url, options);
      await first.migrate();
      await first.close();
    },
    async stop() {
      await bouncer?.stop();
      await postgres?.stop();
    },
    open: async () =>
      driver.open(bouncer?.url ?? "", { ...options, push: pushes && toPush(postgres?.url ?? "") }),
    version: async () => `${await fetchVersion(postgres?.url ?? "")}, ${bouncer?.version}`,
    left: () => rowsIn(postgres?.url ?? "", "sessionup_sessions"),
  };
}

/** Creates a backend in its own schema, on the server at POSTGRES_URL or on a new one in a zone where days begin early. */
function createBackend(driver: Driver, pushes = false): Backend {
  const client = pushes ? `${driver.name}, push` : driver.name;
  const schema = `sessionup test ${process.pid} ${client}`;
  let server: PostgresServer | undefined;
  let url = process.env.POSTGRES_URL ?? "";
  return {
    store: "postgres",
    client,
    async start() {
      if (!url) {
        server = await startPostgres({ ...WITHOUT_FSYNC, timezone: "Pacific/Kiritimati" });
        url = server.url;
      }
      const first = driver.open(url, { schema });
      await first.migrate();
      await first.close();
    },
    async stop() {
      await withClient(url, (client) => client.query(`drop schema "${schema}" cascade`));
      await server?.stop();
    },
    open: async () => driver.open(url, { schema, push: pushes && toPush(url) }),
    version: () => fetchVersion(url),
    left: () => rowsIn(url, `"${schema}".sessionup_sessions`),
  };
}

function toPush(connectionString: string): PostgresPush {
  return postgresPush(() => new pg.Client({ connectionString }));
}

function fetchVersion(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query("show server_version");
    return `PostgreSQL ${String(rows[0].server_version).split(" ")[0]}`;
  });
}

function rowsIn(url: string, table: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(`select count(*) from ${table}`);
    return Number(rows[0].count);
  });
}

export async function withClient<Answer>(
  url: string,
  use: (client: pg.Client) => Promise<Answer>,
): Promise<Answer> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
