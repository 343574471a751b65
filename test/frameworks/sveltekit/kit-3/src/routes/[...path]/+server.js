import { site } from "../../site.js";

// Otherwise SvelteKit redirects a path with a trailing slash before any hook runs.
export const trailingSlash = "ignore";

export const fallback = (event) => site().endpoint(event);
