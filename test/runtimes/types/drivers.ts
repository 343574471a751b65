// Compiled, not run: the stores accept the drivers' own types.

import { Database as BunDatabase } from "bun:sqlite";
import { DatabaseSync } from "node:sqlite";
import type {
  D1Database,
  D1DatabaseSession,
  DurableObjectNamespace,
  DurableObjectState,
} from "@cloudflare/workers-types";
import BetterSqlite3 from "better-sqlite3";
import { durableObjectStore, SessionsObject } from "../../../src/stores/durable-objects.ts";
import { libsqlStore } from "../../../src/stores/libsql.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";

declare const d1: D1Database;
declare const primary: D1DatabaseSession;
declare const namespace: DurableObjectNamespace;
declare const state: DurableObjectState;

export const stores = [
  sqliteStore(new DatabaseSync("sessions.db")),
  sqliteStore(new BetterSqlite3("sessions.db")),
  sqliteStore(new BunDatabase("sessions.db")),
  libsqlStore(d1),
  libsqlStore(primary),
  durableObjectStore(namespace),
  durableObjectStore(namespace.jurisdiction("eu"), { timeout: "1s" }),
];

export const object: SessionsObject = new SessionsObject(state);
