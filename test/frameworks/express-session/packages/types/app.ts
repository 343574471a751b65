/** An app that keeps the types of express-session, and packages that declare theirs there. */
import { csrfSync } from "csrf-sync";
import express from "express";
import { Manager, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { expressSession } from "sessionup/express-session";
import { memoryStore } from "sessionup/stores/memory";

type Data = { views?: number; csrfToken?: string };

declare module "express-session" {
  interface SessionData {
    views?: number;
  }
}

const sessions = expressSessions(new Manager(memoryStore(), { meta: typed<Data | undefined>() }));
const { csrfSynchronisedProtection, generateToken } = csrfSync();

export const app = express();
app.use(expressSession(sessions), csrfSynchronisedProtection);
app.get("/", (req, res) => {
  const views: number | undefined = req.session.views;
  req.session.views = (views ?? 0) + 1;
  // @ts-expect-error the data has no such property
  req.session.unknown = 1;
  const token: string | null | undefined = req.session.csrfToken;
  const maxAge: number | null | undefined = req.session.cookie.maxAge;
  req.session.save((error: unknown) => res.json({ error, token, maxAge, id: req.sessionID }));
});
app.get("/form", (req, res) => void res.send(generateToken(req)));
