import { defineHandler, HTTPError } from "nitro";
import { getQuery, redirect } from "nitro/h3";
import type { Duration } from "sessionup";
import { sessions } from "../utils/sessions.ts";

interface Asked {
  readonly name?: string;
  readonly then?: string;
  readonly expiresIn?: Duration;
}

/** Logs in without a password. `then` decides how the response ends. */
export default defineHandler(async (event) => {
  const { name = "ann", then, expiresIn } = getQuery<Asked>(event);
  await sessions.init(event, name, expiresIn ? { expiresIn } : {});
  switch (then) {
    case "throw":
      throw new Error("thrown after the login");
    case "HTTPError":
      throw new HTTPError("the name is taken", { status: 409 });
    case "redirect":
      return redirect("/private/hello", 303);
    case "Response.redirect":
      return Response.redirect("https://example.com/", 303);
    case "stream":
      return new Blob(["one ", "two ", "three"]).stream();
    default:
      return "welcome";
  }
});
