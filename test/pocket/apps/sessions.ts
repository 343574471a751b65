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

const login = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });

export const pocket = createPocket(sessions, {
  values: {
    login: { schema: login.extend({ returnTo: z.string() }) },
    // For a provider that sends the user back with a form.
    formLogin: { schema: login, sameSite: "none" },
    cart: { schema: cart, ttl: "7d" },
  },
});

export const flash = createFlash(sessions);
