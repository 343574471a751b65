import type { Actions, ServerLoad } from "@sveltejs/kit";
import { site } from "../../site.ts";

export const load: ServerLoad = async (event) => ({ seen: await site().load(event) });

export const actions: Actions = {
  default: async (event) => ({ done: await site().action(event) }),
};
