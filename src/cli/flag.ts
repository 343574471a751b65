import { usageError } from "./cli-error.ts";

/** A flag without a value, which is on or off. */
export interface Switch {
  readonly group?: string;
  readonly short?: string;
  readonly summary: string;
}

/** A flag with a value. */
export interface ValueFlag<Value> extends Switch {
  /** The name of the value in the help, such as `<key>`. */
  readonly value: string;
  /** Returns the value in its internal form. Throws the error of a wrong value. */
  readonly parse: (text: string, flag: string, now: number) => Value;
  /** The values that a shell completes. */
  readonly choices?: readonly string[];
  /** Whether the value is a path, which a shell completes. */
  readonly isPath?: true;
}

/** Any flag. */
export type Flag = Switch | ValueFlag<unknown>;

/** The flags of a command by their names, without the dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** The values of a table. A flag that was not given is `undefined` or false. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends ValueFlag<infer Value> ? Value | undefined : boolean;
};

/** Whether a flag takes a value. */
export function takesValue(flag: Flag): flag is ValueFlag<unknown> {
  return "value" in flag;
}

/** Accepts any text except the empty one: an empty variable in a script must not select everything. */
export function parseText(text: string, flag: string): string {
  if (text !== "") return text;
  throw usageError(`${flag} must not be empty.`);
}

/** Parses a whole number of at least 1. */
export function parseCount(text: string, flag: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageError(`${flag} must be a whole number of at least 1. Received "${text}".`);
}

/** Returns the parser of a flag whose value is one of these words. */
export function toChoiceParser<Choice extends string>(
  choices: readonly Choice[],
): (text: string, flag: string) => Choice {
  return (text, flag) => {
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    throw usageError(`${flag} must be one of ${choices.join(", ")}. Received "${text}".`);
  };
}
