import { hash } from "node:crypto";
import type { SetCookie } from "../exchange.ts";
import type { StandardSchema } from "../standard-schema.ts";
import { hasKey, isKey } from "./options.ts";
import type { Slot } from "./sealed-cookies.ts";
import { ValueCodec } from "./value-codec.ts";

/** The parsed declaration of a value. */
interface Declaration {
  readonly schema: StandardSchema;
  /** In milliseconds. */
  readonly ttl: number;
  readonly sameSite: SetCookie["sameSite"];
}

/** A value that a pocket can hold. */
export class DeclaredValue {
  readonly name: string;
  readonly ttl: number;
  readonly codec: ValueCodec;
  /** The cookie of the value without a `key`. */
  readonly slot: Slot;

  constructor(name: string, { schema, ttl, sameSite }: Declaration) {
    this.name = name;
    this.ttl = ttl;
    this.codec = new ValueCodec(name, schema);
    this.slot = { label: `pocket-${name}`, sameSite };
  }

  /** Returns the cookie for the `key` of the options, or `undefined` for a `key` that no value can have. */
  findSlot(options: { readonly key?: unknown }): Slot | undefined {
    if (!hasKey(options)) return this.slot;
    if (!isKey(options.key)) return undefined;
    const group = `${this.slot.label}-`;
    // 128 bits: a client cannot find a second key for the cookie of the first one.
    const label = group + hash("sha256", options.key).slice(0, 32);
    return { label, group, sameSite: this.slot.sameSite };
  }
}
