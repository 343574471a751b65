import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { createFlash, createPocket } from "sessionup/pocket";
import { memoryStore } from "sessionup/stores/memory";
import { z } from "zod";

const cart = z.array(z.object({ item: z.string(), count: z.int().positive() })).max(20);

const manager = new Manager(memoryStore(), {
  keys: [process.env.SESSION_KEY ?? ""], // openssl rand -base64 32
  cookie: { sameSite: "lax" }, // so that the redirect at the end of the login carries the new cookie
  meta: z.object({ cart }),
});

export const sessions = expressSessions(manager);

export const pocket = createPocket(sessions, {
  values: {
    login: {
      schema: z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string() }),
    },
    cart: { schema: cart, ttl: "7d" },
  },
});

export const flash = createFlash(sessions);
