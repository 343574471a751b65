import express from "express";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { createFlash } from "sessionup/pocket";
import { memoryStore } from "sessionup/stores/memory";

const sessions = expressSessions(new Manager(memoryStore(), { keys: [process.env.SESSION_KEY ?? ""] }));
const flash = createFlash(sessions);

export const app = express();

app.post("/profile", (req, res) => {
  flash.add(req, "info", "Your profile was saved.");
  flash.add(req, "error", "The photo is too large.");
  res.redirect(303, "/profile");
});

app.get("/profile", (req, res) => {
  res.json({ errors: flash.take(req, "error"), messages: flash.take(req) });
});
