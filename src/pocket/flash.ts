import type { Exchange } from "../exchange.ts";
import type { AnySessions, BoundSessions } from "../http/bound-sessions.ts";
import { getInternals, type Sessions } from "../http/sessions.ts";
import { invalidOption } from "../options/parsers.ts";
import { bindMethods } from "./bind-methods.ts";
import { type FlashOptions, parseFlashOptions } from "./options.ts";
import { SealedCookies, type Slot } from "./sealed-cookies.ts";
import { invalidValue } from "./value-codec.ts";

/** Messages that the next page shows once, by their types, such as `info` and `error`. */
export type FlashMessages = Readonly<Record<string, readonly string[]>>;

/** The methods of flash messages. */
export interface Flash<Context> {
  /**
   * Adds a message. When the messages exceed 3 kB, the oldest ones are dropped.
   *
   * Throws `TypeError` unless both are strings, `ERR_META_INVALID` (422) for a message that alone exceeds 3 kB, and
   * `ERR_HEADERS_SENT`.
   */
  add(context: Context, type: string, message: string): void;
  /** Returns all messages by their types, oldest first, and removes them. Throws `ERR_HEADERS_SENT` if there are any. */
  take(context: Context): FlashMessages;
  /** Returns the messages of one type, oldest first, and removes them. */
  take(context: Context, type: string): readonly string[];
}

/** The methods of `Flash` without their first argument, for bound sessions. All are asynchronous. */
export interface BoundFlash {
  /** Adds a message. When the messages exceed 3 kB, the oldest ones are dropped. */
  add(type: string, message: string): Promise<void>;
  /** Returns all messages by their types, oldest first, and removes them. */
  take(): Promise<FlashMessages>;
  /** Returns the messages of one type, oldest first, and removes them. */
  take(type: string): Promise<readonly string[]>;
}

type Entry = readonly [type: string, message: string];

const SLOT: Slot = { label: "flash", sameSite: "lax" };

/**
 * Creates flash messages: a handler adds them before it redirects, and the next page shows them once. The browser keeps them
 * in a cookie of their own, such as `__Host-sessionup-flash`, which only the manager's `keys` can open. No session is needed.
 *
 * Throws `TypeError` for invalid options, and without the manager's option `keys`.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { createFlash } from "sessionup/pocket";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore(), { keys: [process.env["SESSION_KEY"] ?? ""] }));
 * const flash = createFlash(sessions);
 *
 * const app = express();
 * app.post("/profile", (req, res) => {
 *   flash.add(req, "info", "Your profile was saved.");
 *   res.redirect("/profile");
 * });
 * app.get("/profile", (req, res) => {
 *   res.render("profile", { messages: flash.take(req) }); // { info: ["Your profile was saved."] }
 * });
 * ```
 */
export function createFlash<Context, In, Out>(
  sessions: Sessions<Context, In, Out>,
  options?: FlashOptions,
): Flash<Context>;
export function createFlash<In, Out>(sessions: BoundSessions<In, Out>, options?: FlashOptions): BoundFlash;
export function createFlash(sessions: AnySessions, options: FlashOptions = {}): object {
  const { ttl } = parseFlashOptions(options);
  const { lifecycle, getState } = getInternals<unknown, unknown, unknown>(sessions);
  const cookies = new SealedCookies(lifecycle, "createFlash");

  function read(exchange: Exchange): readonly Entry[] {
    const opened = cookies.read(exchange, SLOT);
    return opened ? JSON.parse(opened.text) : [];
  }

  function write(exchange: Exchange, entries: readonly Entry[]): boolean {
    return cookies.put(exchange, SLOT, JSON.stringify(entries), ttl);
  }

  return bindMethods(sessions, {
    add(context: unknown, type: unknown, message: unknown): void {
      const { exchange } = getState(context);
      const entry = [parseText(type, "type"), parseText(message, "message")] as const;
      let entries = [...read(exchange), entry];
      while (!write(exchange, entries)) {
        if (entries.length === 1) throw invalidValue("flash", "the message exceeds 3 kB");
        entries = entries.slice(1);
      }
    },

    take(context: unknown, type?: unknown): FlashMessages | readonly string[] {
      const { exchange } = getState(context);
      const entries = read(exchange);
      const wanted = type === undefined ? undefined : parseText(type, "type");
      const [taken, left] = [true, false].map((isTaken) =>
        entries.filter(([own]) => (wanted === undefined || own === wanted) === isTaken),
      ) as [Entry[], Entry[]];
      if (left.length === 0 && cookies.has(exchange, SLOT)) cookies.clear(exchange, SLOT);
      else if (taken.length > 0) write(exchange, left);
      return wanted === undefined ? groupByType(taken) : taken.map(([, message]) => message);
    },
  });
}

function parseText(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw invalidOption(`flash: ${name}`, "a string", value);
}

function groupByType(entries: readonly Entry[]): FlashMessages {
  const groups = new Map<string, string[]>();
  for (const [type, message] of entries) groups.set(type, [...(groups.get(type) ?? []), message]);
  return Object.fromEntries(groups);
}
