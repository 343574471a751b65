import { defineHandler } from "nitro";
import { sessions } from "../utils/sessions.ts";

export default defineHandler(async (event) => {
  await sessions.revoke(event);
  return "goodbye";
});
