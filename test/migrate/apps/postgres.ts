import pg from "pg";

export const pool: pg.Pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on("error", (error) => console.error(error));
