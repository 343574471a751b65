import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, NOW } from "../support/record.ts";
import { type Orm, ormSuite } from "./orm-suite.ts";
import { installOrms } from "./packages.ts";

await installOrms();

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sessionup-orms-"));
});

afterAll(() => rm(folder, { recursive: true }));

const CREATE_USERS =
  "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL)";

describe("Kysely on SQLite, with a second connection to the file", () => {
  ormSuite(load, { rollsBack: false });

  async function load(): Promise<Orm> {
    process.env.DATABASE_FILE = join(folder, "kysely.db");
    const database = await import("./orms/kysely-sqlite/database.ts");
    const { db, connection, store } = database;
    connection.exec(CREATE_USERS);
    await store.migrate();
    const insert = (email: string, password_hash: string) => ({ email, password_hash });
    return {
      database,
      createUser: (email, hash) => db.insertInto("users").values(insert(email, hash)).execute(),
      close: async () => {
        connection.close();
        await db.destroy();
      },
    };
  }

  it("a rollback of the app's connection does not undo the end of a session", async () => {
    const { db, store } = await import("./orms/kysely-sqlite/database.ts");
    const session = createRecord();
    await store.create(session, { now: NOW });
    const rollBack = new Error("roll back");
    const work = db.transaction().execute(async (tx) => {
      await tx.selectFrom("users").selectAll().execute();
      await expect(store.deleteById(session.id, { now: NOW, reason: "logout" })).resolves.toBe("deleted");
      throw rollBack;
    });
    await expect(work).rejects.toBe(rollBack);
    await expect(store.fetchById(session.id)).resolves.toBeUndefined();
  });
});

describe("Drizzle on @libsql/client", () => {
  ormSuite(load, { rollsBack: false });

  async function load(): Promise<Orm> {
    process.env.TURSO_DATABASE_URL = `file:${join(folder, "drizzle.db")}`;
    const database = await import("./orms/drizzle-libsql/database.ts");
    const { db, client, users, store } = database;
    await client.execute(CREATE_USERS);
    await store.migrate();
    return {
      database,
      createUser: (email, passwordHash) => db.insert(users).values({ email, passwordHash }),
      close: async () => client.close(),
    };
  }
});
