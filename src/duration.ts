/** A length of time: a whole number followed by `s`, `m`, `h` or `d`, such as `"15m"` or `"30d"`. */
export type Duration = `${number}${"s" | "m" | "h" | "d"}`;

const UNIT = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** The longest delay of a timer, in milliseconds: 24.8 days. A timer with a longer one fires at once. @internal */
export const MAX_TIMER_DELAY: number = 2 ** 31 - 1;

const FORM = /^(0|[1-9][0-9]{0,9})([smhd])$/;

/**
 * Checks a duration that is only known at run time, for example from an environment variable.
 *
 * Throws `TypeError` if it is zero or not a whole number with a unit.
 *
 * @example
 * ```ts
 * import { duration, Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = new Manager(memoryStore(), { expiresIn: duration(process.env["SESSION_LIFETIME"] ?? "30d") });
 * ```
 */
export function duration(text: string): Duration {
  parseDuration(text, "duration");
  return text as Duration;
}

/** Formats milliseconds for people, in the largest unit that gives a whole number: `"24 hours"`. @internal */
export function formatDuration(milliseconds: number): string {
  // Below three days, hours read better: "24 hours", "48 hours".
  const units = [
    ["day", UNIT.d, 3],
    ["hour", UNIT.h, 1],
    ["minute", UNIT.m, 1],
  ] as const;
  const fitting = units.find(([, unit, min]) => milliseconds % unit === 0 && milliseconds / unit >= min);
  const [name, unit] = fitting ?? ["second", UNIT.s];
  const count = milliseconds / unit;
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/** Parses a duration to milliseconds. `name` is the option that the error names. @internal */
export function parseDuration(value: unknown, name: string): number {
  const [, count, unit] = (typeof value === "string" && FORM.exec(value)) || [];
  const result = Number(count) * UNIT[unit as keyof typeof UNIT];
  if (result > 0) return result;
  // A longer text may be a secret.
  const received = String(value).length < 16 ? JSON.stringify(value) : typeof value;
  throw new TypeError(`${name} must be a duration such as "15m" or "30d". Received ${received}.`);
}
