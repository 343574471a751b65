import { createServer } from "node:http";
import type { Manager } from "sessionup";
import type { PostgresStore } from "sessionup/stores/postgres";
import { beforeAll, expect, it } from "vitest";
import { Visitor } from "../migrate/visitor.ts";
import { listen } from "../support/listen.ts";
import { createApp } from "./orms/app.ts";
import { hashPassword } from "./orms/check-password.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";

/** The members of a database.ts that the tests use. */
export interface Database {
  readonly manager: Manager;
  /** Every SQL store has the same members. */
  readonly store: PostgresStore;
  findUser(email: string): Promise<{ id: number; passwordHash: string } | null | undefined>;
}

export interface Orm {
  readonly database: Database;
  /** Inserts a user with the ORM. */
  createUser(email: string, passwordHash: string): Promise<unknown>;
  /**
   * Does the work inside a transaction of the ORM that has written. The work throws, so the ORM rolls the transaction
   * back. Absent where a file has one writer at a time.
   */
  transaction?(work: () => Promise<never>): Promise<unknown>;
  /** Closes the ORM and the pool. */
  close(): Promise<unknown>;
}

/** Registers the tests that every ORM passes. `load` also creates the tables. */
export function ormSuite(load: () => Promise<Orm>, { rollsBack = true } = {}): void {
  let orm: Orm;
  let origin: string;

  beforeAll(async () => {
    orm = await load();
    await orm.createUser(EMAIL, await hashPassword(PASSWORD, "salt"));
    const server = await listen(createServer(createApp(orm.database)));
    origin = server.origin;
    return async () => {
      await server.close();
      await orm.database.store.close();
      await orm.close();
    };
  });

  async function signIn(visitor: Visitor, password = PASSWORD): Promise<number> {
    return (await visitor.post(`${origin}/login`, { email: EMAIL, password })).status;
  }

  async function me(visitor: Visitor): Promise<unknown> {
    const response = await visitor.get(`${origin}/me`);
    return response.status === 200 ? response.json() : response.status;
  }

  it("the ORM reads the user, and sessionup signs in and out", async () => {
    const visitor = new Visitor();
    await expect(signIn(visitor, "wrong")).resolves.toBe(401);
    await expect(me(visitor)).resolves.toBe(401);
    await expect(signIn(visitor)).resolves.toBe(204);
    const signedIn = visitor.copy();
    await expect(me(visitor)).resolves.toEqual({ userId: "1" });
    expect((await visitor.post(`${origin}/logout`)).status).toBe(204);
    await expect(me(signedIn)).resolves.toBe(401);
  });

  if (rollsBack)
    it("a rollback of the ORM does not undo a sign-in or a logout", async () => {
      const [leaving, coming] = [new Visitor(), new Visitor()];
      await signIn(leaving);
      const signedIn = leaving.copy();
      const rollBack = new Error("roll back");
      const work = async () => {
        expect((await leaving.post(`${origin}/logout`)).status).toBe(204);
        await expect(signIn(coming)).resolves.toBe(204);
        throw rollBack;
      };
      await expect(orm.transaction?.(work)).rejects.toBe(rollBack);
      await expect(me(signedIn)).resolves.toBe(401);
      await expect(me(coming)).resolves.toEqual({ userId: "1" });
    });
}
