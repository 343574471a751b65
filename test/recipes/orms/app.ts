import express from "express";
import type { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { checkPassword } from "./check-password.ts";

/** What the files named database.ts export. */
interface Database {
  readonly manager: Manager;
  findUser(email: string): Promise<{ id: number; passwordHash: string } | null | undefined>;
}

export function createApp({ manager, findUser }: Database): express.Express {
  const sessions = expressSessions(manager);
  const app = express();
  app.use(express.json());

  app.post("/login", async (req, res) => {
    const { email, password } = req.body;
    const user = await findUser(email);
    if (!user || !(await checkPassword(password, user.passwordHash))) return void res.sendStatus(401);
    await sessions.init(req, String(user.id));
    res.sendStatus(204);
  });

  app.get("/me", sessions.auth(), (req, res) => {
    res.json({ userId: sessions.require(req).userKey });
  });

  app.post("/logout", async (req, res) => {
    await sessions.revoke(req);
    res.sendStatus(204);
  });

  return app;
}
