import { Manager } from "sessionup";
import { h3Sessions } from "sessionup/h3";
import { store } from "./store.ts";

export const sessions = h3Sessions(new Manager(store, { idleTimeout: "30m", trustProxy: ["127.0.0.0/8"] }));
