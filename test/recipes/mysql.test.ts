import { afterAll, beforeAll, describe } from "vitest";
import { startMariadb } from "../support/servers/mariadb.ts";
import { type MysqlServer, WITHOUT_FSYNC } from "../support/servers/mysql.ts";
import { ormSuite } from "./orm-suite.ts";
import { installOrms } from "./packages.ts";

await installOrms();

let server: MysqlServer;

beforeAll(async () => {
  server = await startMariadb(WITHOUT_FSYNC);
  process.env.DATABASE_URL = server.url;
});

afterAll(() => server?.stop());

const CREATE_USERS = `CREATE TABLE users (
  id INT PRIMARY KEY AUTO_INCREMENT,
  email VARCHAR(255) NOT NULL UNIQUE,
  password_hash VARCHAR(255) NOT NULL
)`;

describe("Drizzle on mysql2", () => {
  ormSuite(async () => {
    const database = await import("./orms/drizzle-mysql/database.ts");
    const { db, pool, users, store } = database;
    await pool.query(CREATE_USERS);
    await store.migrate();
    return {
      database,
      createUser: (email, passwordHash) => db.insert(users).values({ email, passwordHash }),
      transaction: (work) =>
        db.transaction(async (tx) => {
          await tx.insert(users).values({ email: "other@example.com", passwordHash: "" });
          return work();
        }),
      close: async () => {
        await pool.query("DROP TABLE users");
        await pool.end();
      },
    };
  });
});

describe("Kysely on mysql2", () => {
  ormSuite(async () => {
    const database = await import("./orms/kysely-mysql/database.ts");
    const { db, pool, store } = database;
    await pool.promise().query(CREATE_USERS);
    await store.migrate();
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
});
