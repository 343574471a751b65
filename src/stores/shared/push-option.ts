import { type DefaultOption, invalidOption } from "../../options/parsers.ts";

/** Returns the option `push` of a store: the result of `factory`, or whether the store only publishes. @internal */
export function pushOption<Push extends { readonly attach: unknown }>(
  factory: string,
): DefaultOption<Push | boolean> {
  return {
    parse(value, name) {
      if (typeof value === "boolean" || typeof (value as Push | null)?.attach === "function")
        return value as Push | boolean;
      throw invalidOption(name, `the result of ${factory}, or a boolean`, value);
    },
    default: false,
  };
}
