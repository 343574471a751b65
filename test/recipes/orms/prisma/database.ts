import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";
import { PrismaClient } from "./generated/client.ts";

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 2_000,
});
pool.on("error", (error) => console.error(error)); // An idle connection broke.

export const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
export const store = postgresStore(pool, { schema: "sessions" });
export const manager = new Manager(store);

export async function findUser(email: string) {
  return prisma.user.findUnique({ where: { email } });
}
