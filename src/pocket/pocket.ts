import { randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { AnySessions, BoundSessions } from "../http/bound-sessions.ts";
import { getInternals, type Sessions } from "../http/sessions.ts";
import { claimOnce } from "../lifecycle/claim.ts";
import { createFormToken, isFormToken } from "../signed/form-token.ts";
import type { Signer } from "../signed/signer.ts";
import { bindMethods } from "./bind-methods.ts";
import { DeclaredValue } from "./declared-value.ts";
import type { BoundPocket, Pocket } from "./methods.ts";
import {
  type PocketOptions,
  type PocketValues,
  parsePeekOptions,
  parsePocketInitOptions,
  parsePocketOptions,
  parsePutOptions,
  parseTakeOptions,
} from "./options.ts";
import { SealedCookies, type Slot } from "./sealed-cookies.ts";
import { invalidValue } from "./value-codec.ts";

export { type BoundFlash, createFlash, type Flash, type FlashMessages } from "./flash.ts";
export type {
  BoundPocket,
  Pocket,
  PocketInitOptions,
  PocketInput,
  PocketName,
  PocketOutput,
} from "./methods.ts";
export type {
  FlashOptions,
  PeekOptions,
  PocketOptions,
  PocketValue,
  PocketValues,
  PutOptions,
  TakeOptions,
} from "./options.ts";

const FORM: Slot = { label: "form", sameSite: "lax" };
const FORM_TTL = 12 * 3_600_000;
/** Shorter than any session's id, so that a token of a session is none of a browser, and the reverse. */
const FORM_ID = "pocket";

/**
 * Creates a pocket: data that an app needs before there is a session, such as the state of an OAuth login or a small cart.
 * The browser keeps each value in a cookie of its own, such as `__Host-sessionup-pocket-cart`, which only the manager's `keys`
 * can open. Nothing is stored on the server.
 *
 * Throws `TypeError` for invalid options, and without the manager's option `keys`. The methods throw `TypeError` for a name
 * that is not declared.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { createPocket } from "sessionup/pocket";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { z } from "zod";
 *
 * const sessions = expressSessions(new Manager(memoryStore(), { keys: [process.env["SESSION_KEY"] ?? ""] }));
 * const pocket = createPocket(sessions, {
 *   values: { cart: { schema: z.array(z.string()), ttl: "7d" } },
 * });
 *
 * const app = express();
 * app.post("/cart/:item", async (req, res) => {
 *   const cart = (await pocket.peek(req, "cart")) ?? [];
 *   await pocket.put(req, "cart", [...cart, req.params.item]);
 *   res.redirect("/cart");
 * });
 * ```
 */
export function createPocket<Context, In, Out, const Values extends PocketValues>(
  sessions: Sessions<Context, In, Out>,
  options: PocketOptions<Values>,
): Pocket<Context, In, Out, Values>;
export function createPocket<In, Out, const Values extends PocketValues>(
  sessions: BoundSessions<In, Out>,
  options: PocketOptions<Values>,
): BoundPocket<In, Out, Values>;
export function createPocket(sessions: AnySessions, options: PocketOptions): object {
  const { values } = parsePocketOptions(options);
  const { lifecycle, getState, methods } = getInternals<unknown, unknown, unknown>(sessions);
  const cookies = new SealedCookies(lifecycle, "createPocket");
  const signer = lifecycle.options.signer as Signer;

  const declared = new Map<string, DeclaredValue>();
  for (const [name, value] of values) {
    cookies.check(value.sameSite, `createPocket.values.${name}.sameSite`);
    declared.set(name, new DeclaredValue(name, value));
  }

  function find(name: string): DeclaredValue {
    const found = declared.get(name);
    if (found) return found;
    throw new TypeError(`The pocket has no such value. Its values are ${[...declared.keys()].join(", ")}.`);
  }

  const pocket: Pocket<unknown, unknown, unknown, PocketValues> = {
    async put(context, name, value, options = {}) {
      const declaration = find(name);
      const { ttl = declaration.ttl } = parsePutOptions(options);
      const state = getState(context);
      state.checkOrigin();
      cookies.assertWritable(state.exchange);
      const text = await declaration.codec.write(value);
      // `parsePutOptions` has checked the key.
      const slot = declaration.findSlot(options) as Slot;
      if (!cookies.put(state.exchange, slot, text, ttl)) throw invalidValue(name, "its cookie exceeds 3 kB");
    },

    async take(context, name, options = {}) {
      const value = find(name);
      const { once } = parseTakeOptions(options);
      const { exchange } = getState(context);
      const slot = value.findSlot(options);
      if (!slot || !cookies.has(exchange, slot)) return undefined;
      cookies.assertWritable(exchange);
      const opened = cookies.read(exchange, slot);
      const isFirst =
        !once || !opened || (await claimOnce(lifecycle, "pocket", opened.nonce, opened.expiresAt));
      cookies.clear(exchange, slot);
      return opened && isFirst ? value.codec.read(opened.text) : undefined;
    },

    async peek(context, name, options = {}) {
      const value = find(name);
      parsePeekOptions(options);
      const slot = value.findSlot(options);
      const opened = slot && cookies.read(getState(context).exchange, slot);
      return opened && value.codec.read(opened.text);
    },

    async init(context, userKey, { from, meta, ...options }) {
      parsePocketInitOptions({ from, meta });
      const { exchange } = getState(context);
      const values = from.map(find);
      const found: Record<string, unknown> = {};
      for (const { name, slot, codec } of values) {
        const opened = cookies.read(exchange, slot);
        const value = opened && (await codec.read(opened.text));
        if (value !== undefined) found[name] = value;
      }
      const session = await methods.init(context, userKey, { ...options, meta: await meta(found as never) });
      for (const { slot } of values) if (cookies.has(exchange, slot)) cookies.clear(exchange, slot);
      return session;
    },

    formToken(context) {
      const state = getState(context);
      state.checkOrigin();
      const secret = cookies.read(state.exchange, FORM)?.text ?? randomText(TOKEN_LENGTH.root);
      cookies.put(state.exchange, FORM, secret, FORM_TTL);
      return createFormToken(signer, { id: FORM_ID, root: secret });
    },

    verifyFormToken(context, text) {
      const secret = cookies.read(getState(context).exchange, FORM)?.text;
      if (secret !== undefined && isFormToken(signer, { id: FORM_ID, root: secret }, text)) return;
      const { events, options } = lifecycle;
      events.emit("rejected", { reason: "cross_origin", at: options.clock() });
      throw new SessionError("ERR_CROSS_ORIGIN", "The form has no token of this browser.");
    },
  };
  return bindMethods(sessions, pocket);
}
