import { defineEventHandler, fromNodeMiddleware } from "h3";
import { site } from "../utils/site";
import { through } from "../utils/through";

export default defineEventHandler((event) => site().middleware(event, { fromNodeMiddleware, through }));
