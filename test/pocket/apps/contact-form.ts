import express from "express";
import { flash, pocket } from "./sessions.ts";

export const contact = express.Router();

contact.get("/contact", (req, res) => {
  res.send(`<form method="post">
    <input type="hidden" name="token" value="${pocket.formToken(req)}">
    <input name="message"><button>Send</button>
  </form>`);
});

contact.post("/contact", express.urlencoded(), (req, res) => {
  pocket.verifyFormToken(req, req.body.token); // throws ERR_CROSS_ORIGIN (403)
  flash.add(req, "info", "Thank you for your message.");
  res.redirect(303, "/");
});
