import { site } from "../../site.js";

// Else SvelteKit redirects from a path with a slash at its end before any hook runs.
export const trailingSlash = "ignore";

export const fallback = (event) => site().endpoint(event);
