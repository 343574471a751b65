import { aFunction, type Option, type OptionTable, parseOptions } from "../../options/parsers.ts";

type Reject = (...args: never) => unknown;

/** Returns the option `reject`, which every adapter has, with the type that the adapter's options declare. @internal */
export function rejectOption<Options extends { readonly reject?: Reject }>(): Option<
  NonNullable<Options["reject"]>
> {
  return { parse: aFunction() };
}

const REJECT = { reject: rejectOption() } as const;

/** The option table of the adapters that have no other option. `docs/reference/options.md` is generated from it. @internal */
export const REJECT_TABLE: OptionTable = REJECT;

/** Parses the options of an adapter that has only `reject`. Throws `TypeError`. @internal */
export function parseReject<Given extends Reject>(
  options: { readonly reject?: Given },
  adapter: string,
): Given | undefined {
  return parseOptions(options, REJECT, adapter).reject as Given | undefined;
}
