import type { Actor } from "../store.ts";
import { oneOf, parseOptions } from "./parsers.ts";
import { parseLookupKey } from "./user-key.ts";

/** The options of methods that end the sessions of any user. */
export interface ByOptions {
  /** The party that ends the sessions, for the event `ended`. Default `{ kind: "system" }`. */
  readonly by?: Actor;
}

const ACTOR = {
  kind: { parse: oneOf("user", "admin", "system", "policy"), required: true },
  id: { parse: parseLookupKey },
} as const;

/** The option `by` in a table. @internal */
export const BY = {
  by: {
    parse: (value: unknown, name: string): Actor => parseOptions(value as Actor, ACTOR, name),
  },
} as const;
