import { Manager } from "sessionup";
import { fastifySessions } from "sessionup/fastify";
import { redisStore } from "sessionup/stores/redis";
import { redis } from "../redis.ts";

export const manager = new Manager(redisStore(redis), {
  expiresIn: "30d",
  cookie: { sameSite: "lax" }, // as the old cookie
});

export const sessions = fastifySessions(manager);
