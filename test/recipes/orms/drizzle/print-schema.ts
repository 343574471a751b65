import { store } from "./database.ts";

console.log(store.migrationSql());
