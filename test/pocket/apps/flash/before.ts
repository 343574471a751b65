import flash from "connect-flash";
import express from "express";
import session from "express-session";

export const app = express();
app.use(session({ secret: process.env.SESSION_SECRET ?? "", resave: false, saveUninitialized: false }));
app.use(flash());

app.post("/profile", (req, res) => {
  req.flash("info", "Your profile was saved.");
  req.flash("error", "The photo is too large.");
  res.redirect(303, "/profile");
});

app.get("/profile", (req, res) => {
  res.json({ errors: req.flash("error"), messages: req.flash() });
});
