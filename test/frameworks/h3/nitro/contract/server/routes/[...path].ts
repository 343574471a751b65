import { defineHandler } from "nitro";
import { redirect, setCookie } from "nitro/h3";
import { site } from "../../site.ts";

export default defineHandler((event) => site().handler(event, { redirect, setCookie }));
