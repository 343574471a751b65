import { site } from "../../site.js";

export const load = async (event) => site().load(event);

export const actions = {
  default: async (event) => site().action(event),
};
