import { defineHandler } from "nitro";
import { outage } from "../utils/store.ts";

export default defineHandler((event) => {
  outage.on = event.url.searchParams.has("on");
  return "so be it";
});
