import type { RequestHandler } from "@sveltejs/kit";
import { site } from "../../site.ts";

export const fallback: RequestHandler = (event) => site().endpoint(event);
