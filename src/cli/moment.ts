import { parseDuration } from "../duration.ts";
import { usageError } from "./cli-error.ts";

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const DURATION = /^\d+[smhd]$/;

const UNITS = [
  ["y", 365 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/**
 * Parses a moment: a date such as `2026-01-31` or `2026-01-31T12:00Z`, a time ago such as `7d`, or `now`. A date without a
 * zone is UTC, so that a command means the same on every machine.
 */
export function parseMoment(text: string, flag: string, now: number): Date {
  if (text === "now") return new Date(now);
  if (DURATION.test(text)) {
    try {
      return new Date(now - parseDuration(text, flag));
    } catch {
      throw invalidMoment(text, flag);
    }
  }
  const [date, time, , , zone] = DATE.exec(text) ?? [];
  const moment = new Date(time === undefined || zone !== undefined ? text : `${text}Z`);
  // A day that does not exist, such as 31 June, must not become another one.
  if (date === undefined || Number.isNaN(moment.getTime()) || !isDay(date.slice(0, 10)))
    throw invalidMoment(text, flag);
  return moment;
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function invalidMoment(text: string, flag: string): Error {
  return usageError(
    `${flag} must be a date or a time ago. Received "${text}".`,
    "Examples: 2026-01-31, 2026-01-31T12:00Z, 90m, 7d, now. Dates without a zone are UTC.",
  );
}

/** Formats a length of time in its largest unit: `5m`, `3h`, `12d`. */
export function formatSpan(milliseconds: number): string {
  const length = Math.abs(milliseconds);
  const [unit, size] = UNITS.find(([, each]) => length >= each) ?? ["s", 1_000];
  return `${Math.floor(length / size)}${unit}`;
}

/** Formats a moment for people: the time in UTC, and how far away it is. */
export function formatMoment(moment: Date, now: number): string {
  const distance = moment.getTime() - now;
  const relative = distance > 0 ? `in ${formatSpan(distance)}` : `${formatSpan(distance)} ago`;
  return `${formatTime(moment)} (${relative})`;
}

/** Formats a moment in UTC, without fractions of a second. */
function formatTime(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replace("T", " ")}Z`;
}
