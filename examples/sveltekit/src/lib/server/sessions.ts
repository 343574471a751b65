import { error } from "@sveltejs/kit";
import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { svelteKitSessions } from "sessionup/sveltekit";

export const sessions = svelteKitSessions(new Manager(memoryStore(), { idleTimeout: "30m" }), {
  reject: ({ status }) => error(status, status === 401 ? "Log in first" : "Please try again"),
});
