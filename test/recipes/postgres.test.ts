import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../frameworks/build.ts";
import { ROOT } from "../support/entries.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../support/servers/postgres.ts";
import { ormSuite } from "./orm-suite.ts";
import { installOrms, RECIPES } from "./packages.ts";
import { diffPrismaSchema, findEngineProblem, generatePrismaClient } from "./prisma.ts";

await installOrms();
await generatePrismaClient();
const withoutEngine = await findEngineProblem();

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres(WITHOUT_FSYNC);
});

afterAll(() => server?.stop());

/** Creates a database and sets what a database.ts reads. */
async function provideDatabase(name: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  process.env.DATABASE_URL = server.url.replace(/postgres$/, name);
}

/** Returns the session tables in all schemas. */
async function sessionTables(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query(
    "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_name LIKE 'sessionup%' ORDER BY name",
  );
  return rows.map(({ name }) => name);
}

const TABLES: readonly string[] = [
  "public.sessionup_sessions",
  "public.sessionup_sessions_ends",
  "sessions.sessionup_sessions",
  "sessions.sessionup_sessions_ends",
];

/** Creates a second table without the option `schema`, beside the app's own tables. */
async function addPublicTable(pool: pg.Pool): Promise<void> {
  await postgresStore(pool).migrate();
  await expect(sessionTables(pool)).resolves.toEqual(TABLES);
}

describe("Drizzle", () => {
  const APP = `${RECIPES}orms/drizzle/`;
  const load = () => import("./orms/drizzle/database.ts");
  const kit = (folder: string, ...args: string[]) =>
    run(process.execPath, [`${RECIPES}node_modules/drizzle-kit/bin.cjs`, ...args], folder);

  /** Calls a function with a copy of the app's folder, which finds its modules. */
  async function inCopy(use: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(RECIPES, "node_modules/.drizzle-"));
    try {
      await cp(APP, folder, { recursive: true });
      await use(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Writes both migrations with drizzle-kit, and applies them. */
  const migrate = () =>
    inCopy(async (folder) => {
      const { migrate: apply } = await import("drizzle-orm/node-postgres/migrator");
      const { db } = await load();
      await kit(folder, "generate", "--name=users");
      await kit(folder, "generate", "--custom", "--name=sessions");
      const migrations = join(folder, "migrations");
      const [, sessions = ""] = (await readdir(migrations)).filter((name) => name.endsWith(".sql")).sort();
      expect(sessions).toBe("0001_sessions.sql");
      const tsx = [`${ROOT}node_modules/tsx/dist/cli.mjs`, "--tsconfig", `${RECIPES}tsconfig.json`];
      const { stdout } = await promisify(execFile)(process.execPath, [...tsx, `${APP}print-schema.ts`]);
      await writeFile(join(migrations, sessions), stdout);
      await apply(db, { migrationsFolder: migrations });
    });

  ormSuite(async () => {
    await provideDatabase("drizzle");
    await migrate();
    const { users } = await import("./orms/drizzle/schema.ts");
    const database = await load();
    const { db, pool } = database;
    return {
      database,
      createUser: (email, passwordHash) => db.insert(users).values({ email, passwordHash }),
      transaction: (work) =>
        db.transaction(async (tx) => {
          await tx.insert(users).values({ email: "other@example.com", passwordHash: "" });
          return work();
        }),
      close: () => pool.end(),
    };
  });

  it("drizzle-kit push keeps the tables in a schema, and drops those in public without the filter", async () => {
    const { pool } = await load();
    const push = (tablesFilter: string) =>
      inCopy(async (folder) => {
        const path = join(folder, "drizzle.config.ts");
        const config = await readFile(path, "utf8");
        await writeFile(path, config.replace(/tablesFilter: .*/, `tablesFilter: ${tablesFilter},`));
        await kit(folder, "push", "--force");
      });
    await push("[]");
    await expect(sessionTables(pool)).resolves.toEqual(TABLES.slice(2));
    await addPublicTable(pool);
    await push(JSON.stringify((await import("./orms/drizzle/drizzle.config.ts")).default.tablesFilter));
    await expect(sessionTables(pool)).resolves.toEqual(TABLES);
    await push("[]");
    await expect(sessionTables(pool)).resolves.toEqual(TABLES.slice(2));
  });
});

describe("Kysely", () => {
  const load = () => import("./orms/kysely/database.ts");

  ormSuite(async () => {
    await provideDatabase("kysely");
    const { Migrator } = await import("kysely/migration");
    const database = await load();
    const { db } = database;
    const sessions = await import("./orms/kysely/add-sessions.ts");
    const users = {
      up: () =>
        db.schema
          .createTable("users")
          .addColumn("id", "serial", (column) => column.primaryKey())
          .addColumn("email", "text", (column) => column.notNull().unique())
          .addColumn("password_hash", "text", (column) => column.notNull())
          .execute(),
    };
    const provider = { getMigrations: async () => ({ "1_users": users, "2_sessions": sessions }) };
    const { error } = await new Migrator({ db, provider }).migrateToLatest();
    expect(error).toBeUndefined();
    const insert = (email: string, password_hash: string) => ({ email, password_hash });
    return {
      database,
      createUser: (email, hash) => db.insertInto("users").values(insert(email, hash)).execute(),
      transaction: (work) =>
        db.transaction().execute(async (tx) => {
          await tx.insertInto("users").values(insert("other@example.com", "")).execute();
          return work();
        }),
      close: () => db.destroy(),
    };
  });

  it("the migration creates this release's table", async () => {
    const { pool } = await load();
    await expect(sessionTables(pool)).resolves.toEqual([
      "sessions.sessionup_sessions",
      "sessions.sessionup_sessions_ends",
    ]);
  });
});

describe("Prisma", () => {
  const load = () => import("./orms/prisma/database.ts");

  ormSuite(async () => {
    await provideDatabase("prisma");
    const database = await load();
    const { prisma, pool, store } = database;
    // Stands for the migration that Prisma writes for the model.
    await pool.query(
      "CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL)",
    );
    await pool.query(store.migrationSql());
    return {
      database,
      createUser: (email, passwordHash) => prisma.user.create({ data: { email, passwordHash } }),
      transaction: (work) =>
        prisma.$transaction(async (tx) => {
          await tx.user.create({ data: { email: "other@example.com", passwordHash: "" } });
          return work();
        }),
      close: async () => {
        await prisma.$disconnect();
        await pool.end();
      },
    };
  });

  const title = "prisma migrate diff keeps the session table";
  if (withoutEngine) it.skip(`${title} (skipped: ${withoutEngine})`);
  else
    it(title, async () => {
      const { pool } = await load();
      await pool.query("DROP TABLE users");
      const script = await diffPrismaSchema();
      expect(script).toContain('CREATE TABLE "users"');
      expect(script).not.toContain("sessionup");
    });
});

describe("TypeORM", () => {
  const load = () => import("./orms/typeorm/database.ts");

  ormSuite(async () => {
    await provideDatabase("typeorm");
    const { DataSource } = await import("typeorm");
    const database = await load();
    const { dataSource, UserSchema } = database;
    const { AddSessions1700000000000 } = await import("./orms/typeorm/add-sessions.ts");
    await dataSource.synchronize();
    // Like TypeORM's command, which opens its own connection.
    const command = new DataSource({ ...dataSource.options, migrations: [AddSessions1700000000000] });
    await command.initialize();
    await command.runMigrations();
    await command.destroy();
    const users = dataSource.getRepository(UserSchema);
    return {
      database,
      createUser: (email, passwordHash) => users.save({ email, passwordHash }),
      transaction: (work) =>
        dataSource.transaction(async (manager) => {
          await manager.save(UserSchema, { email: "other@example.com", passwordHash: "" });
          return work();
        }),
      close: () => dataSource.destroy(),
    };
  });

  it("synchronize keeps the session table, with and without the option schema", async () => {
    const { dataSource, pool } = await load();
    await addPublicTable(pool);
    const diff = async () => (await dataSource.driver.createSchemaBuilder().log()).upQueries;
    await expect(diff()).resolves.toEqual([]);
    await pool.query("DROP TABLE users");
    const queries = (await diff()).map(({ query }) => query);
    expect(queries).toContainEqual(expect.stringContaining('CREATE TABLE "users"'));
    expect(queries.filter((query) => query.includes("sessionup"))).toEqual([]);
  });
});

describe("Knex", () => {
  const load = () => import("./orms/knex/database.ts");

  ormSuite(async () => {
    await provideDatabase("knex");
    const database = await load();
    const { db, pool } = database;
    const sessions = await import("./orms/knex/add-sessions.ts");
    const users = {
      up: () =>
        db.schema.createTable("users", (table) => {
          table.increments("id");
          table.text("email").notNullable().unique();
          table.text("password_hash").notNullable();
        }),
      down: async () => undefined,
    };
    const migrations = new Map<string, typeof users | typeof sessions>([
      ["1_users", users],
      ["2_sessions", sessions],
    ]);
    const migrationSource = {
      getMigrations: async () => [...migrations.keys()],
      getMigrationName: (name: string) => name,
      getMigration: async (name: string) => migrations.get(name) ?? users,
    };
    await db.migrate.latest({ migrationSource });
    return {
      database,
      createUser: (email, password_hash) => db("users").insert({ email, password_hash }),
      transaction: (work) =>
        db.transaction(async (tx) => {
          await tx("users").insert({ email: "other@example.com", password_hash: "" });
          return work();
        }),
      close: async () => {
        await db.destroy();
        await pool.end();
      },
    };
  });

  it("the migration creates this release's table", async () => {
    const { pool } = await load();
    await expect(sessionTables(pool)).resolves.toEqual([
      "sessions.sessionup_sessions",
      "sessions.sessionup_sessions_ends",
    ]);
  });
});

describe("MikroORM", () => {
  const load = () => import("./orms/mikro-orm/database.ts");

  ormSuite(async () => {
    await provideDatabase("mikro_orm");
    const database = await load();
    const { orm, User } = database;
    const { AddSessions } = await import("./orms/mikro-orm/add-sessions.ts");
    await orm.schema.create();
    // Snapshots need Node 22, and only MikroORM's command for new migrations needs snapshots.
    Object.assign(orm.config.get("migrations"), { migrationsList: [AddSessions], snapshot: false });
    await orm.migrator.up();
    return {
      database,
      createUser: (email, passwordHash) => orm.em.fork().insert(User, { email, passwordHash }),
      transaction: (work) =>
        orm.em.fork().transactional(async (em) => {
          await em.insert(User, { email: "other@example.com", passwordHash: "" });
          return work();
        }),
      close: () => orm.close(),
    };
  });

  it("the schema generator keeps the session table", async () => {
    const { orm, pool } = await load();
    const options = orm.config.get("schemaGenerator");
    await expect(orm.schema.getUpdateSchemaSQL()).resolves.toBe("");
    const { ignoreSchema } = options;
    options.ignoreSchema = [];
    await expect(orm.schema.getUpdateSchemaSQL()).resolves.toMatch(/drop table/i);
    options.ignoreSchema = ignoreSchema ?? [];
    await addPublicTable(pool);
    await expect(orm.schema.getUpdateSchemaSQL()).resolves.toMatch(/drop table/i);
    Object.assign(options, { skipTables: [/^sessionup_/], ignoreRoutines: true });
    await expect(orm.schema.getUpdateSchemaSQL()).resolves.toBe("");
  });
});
