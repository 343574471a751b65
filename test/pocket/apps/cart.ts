import express from "express";
import { pocket, sessions } from "./sessions.ts";

export const cart = express.Router();

cart.get("/cart", sessions.public(), async (req, res) => {
  const session = sessions.current(req);
  res.json(session ? session.meta.cart : ((await pocket.peek(req, "cart")) ?? []));
});

cart.post("/cart/:item", sessions.public(), async (req, res) => {
  const added = { item: req.params.item, count: 1 };
  if (sessions.current(req)) {
    await sessions.updateMeta(req, (meta) => ({ ...meta, cart: [...meta.cart, added] }));
  } else {
    await pocket.put(req, "cart", [...((await pocket.peek(req, "cart")) ?? []), added]);
  }
  res.redirect(303, "/cart");
});
