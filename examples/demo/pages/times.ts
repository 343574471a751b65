import { type Html, html } from "./html.ts";

/** The present and the time zone of the reader, on which the text of a time depends. */
export interface Reader {
  readonly now: number;
  readonly timeZone: string;
}

const UNITS = [
  { unit: "day", length: 86_400_000, from: 2 * 86_400_000 },
  { unit: "hour", length: 3_600_000, from: 3_600_000 },
  { unit: "minute", length: 60_000, from: 60_000 },
] as const;

const relative = new Intl.RelativeTimeFormat("en");

/** Renders a moment by day and time: "Today, 09:14", "Yesterday, 18:30", "3 Nov, 12:00". */
export function renderMoment(moment: Date, reader: Reader): Html {
  return renderTime(moment, reader, `${formatDay(moment, reader)}, ${formatClock(moment, reader)}`);
}

/** Renders the distance of a moment from now: "5 minutes ago", "in 24 hours". */
export function renderDistance(moment: Date, reader: Reader): Html {
  return renderTime(moment, reader, formatDistance(moment.getTime() - reader.now));
}

/** Renders a time whose tooltip shows the full date, time and time zone. */
function renderTime(moment: Date, { timeZone }: Reader, text: string): Html {
  const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone });
  return html`<time datetime="${moment.toISOString()}" title="${full.format(moment)}">${text}</time>`;
}

function formatDay(moment: Date, { now, timeZone }: Reader): string {
  const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone });
  const name = day.format(moment);
  if (name === day.format(now)) return "Today";
  if (name === day.format(now - 86_400_000)) return "Yesterday";
  return name;
}

function formatClock(moment: Date, { timeZone }: Reader): string {
  return new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone }).format(moment);
}

function formatDistance(distance: number): string {
  // Round to seconds first, so that a session that ends in a day still shows "in 24 hours" a moment later.
  const rounded = Math.round(distance / 1_000) * 1_000;
  const size = UNITS.find(({ from }) => Math.abs(rounded) >= from);
  if (size) return relative.format(Math.round(rounded / size.length), size.unit);
  return rounded > 0 ? "in less than a minute" : "now";
}
