import { createError, defineEventHandler, sendRedirect, setCookie, setResponseStatus } from "h3";
import { site } from "../utils/site";

export default defineEventHandler((event) =>
  site().handler(event, { createError, sendRedirect, setCookie, setResponseStatus }),
);
