import { defineHandler } from "nitro";
import { sessions } from "../utils/sessions.ts";

export default defineHandler((event) => `Hello, ${sessions.current(event)?.userKey ?? "stranger"}`);
