import { defineEventHandler, fromNodeMiddleware } from "h3";
import { site } from "../utils/site";

export default defineEventHandler((event) => site().middleware(event, { fromNodeMiddleware }));
