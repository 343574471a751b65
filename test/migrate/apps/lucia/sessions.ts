import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { postgresStore } from "sessionup/stores/postgres";
import { pool } from "../postgres.ts";

const store = postgresStore(pool);
await store.migrate();

export const manager = new Manager(store, {
  expiresIn: "60d",
  cookie: { sameSite: "lax" }, // as the old cookie
});

export const sessions = expressSessions(manager);
