import express from "express";
import { cart } from "./cart.ts";
import { contact } from "./contact-form.ts";
import { login } from "./login.ts";
import { loginByForm } from "./login-by-form.ts";
import { flash, sessions } from "./sessions.ts";

export const app = express();
app.use(login, loginByForm, cart, contact);

app.get("/", (req, res) => {
  res.json(flash.take(req));
});

app.get("/me", sessions.auth(), (req, res) => {
  const { userKey, meta } = sessions.require(req);
  res.json({ userId: userKey, cart: meta.cart });
});
