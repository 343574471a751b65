/** A length of time: a whole number and `s`, `m`, `h` or `d`, such as `"15m"` or `"30d"`. */
export type Duration = `${number}${"s" | "m" | "h" | "d"}`;

const UNIT = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** What a timer can wait for, in milliseconds, 24.8 days: with more it fires at once. @internal */
export const MAX_TIMER_DELAY: number = 2 ** 31 - 1;

const FORM = /^(0|[1-9][0-9]{0,9})([smhd])$/;

/**
 * Checks a duration that comes as text, from the environment say.
 *
 * Throws `TypeError` for what is not a whole number and a unit, or is zero.
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

/** Milliseconds as somebody reads them, in the largest unit that gives a whole number: `"24 hours"`. @internal */
export function formatDuration(milliseconds: number): string {
  // A day or two of hours are read as hours.
  const units = [
    ["day", UNIT.d, 3],
    ["hour", UNIT.h, 1],
    ["minute", UNIT.m, 1],
  ] as const;
  const fitting = units.find(([, unit, least]) => milliseconds % unit === 0 && milliseconds / unit >= least);
  const [name, unit] = fitting ?? ["second", UNIT.s];
  const count = milliseconds / unit;
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/** The milliseconds of a duration; `name` is what the error calls it. @internal */
export function parseDuration(text: unknown, name: string): number {
  const [, count, unit] = (typeof text === "string" && FORM.exec(text)) || [];
  const result = Number(count) * UNIT[unit as keyof typeof UNIT];
  if (!(result > 0)) {
    throw new TypeError(
      `${name}: needs a whole number above zero and "s", "m", "h" or "d", such as "15m" or "30d"`,
    );
  }
  return result;
}
