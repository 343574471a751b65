import { randomBytes } from "node:crypto";
import { parseCookie } from "cookie";
import express from "express";
import { pool } from "../postgres.ts";
import { checkPassword } from "../users.ts";

/** Stands for the app in Go: uses the table and the cookie as the Go package and its pgstore do. */
export const app = express();
app.use(express.json());

app.post("/login", async (req, res) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  const id = randomBytes(30).toString("base64url");
  await pool.query("INSERT INTO sessions VALUES (now(), now() + interval '14 days', $1, $2, $3, $4, $5)", [
    id,
    user.id,
    "192.0.2.1",
    "Linux",
    "Firefox",
  ]);
  res.cookie("sessionup", id, { httpOnly: true, secure: true, sameSite: "strict" }).sendStatus(204);
});

app.get("/me", async (req, res) => {
  const id = parseCookie(req.headers.cookie ?? "").sessionup ?? "";
  const { rows } = await pool.query(
    "SELECT user_key FROM sessions WHERE id = $1 AND expires_at > CURRENT_TIMESTAMP",
    [id],
  );
  if (!rows[0]) return void res.sendStatus(401);
  res.json({ userId: rows[0].user_key });
});
