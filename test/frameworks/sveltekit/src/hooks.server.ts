import type { Handle, HandleServerError } from "@sveltejs/kit";
import { site } from "./site.ts";

export const handle: Handle = (input) => site().handle(input);

export const handleError: HandleServerError = ({ error }) => {
  site().error?.(error);
};
