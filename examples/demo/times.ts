import { type Html, html } from "./html.ts";

const UNITS = [
  { unit: "day", length: 86_400_000, from: 2 * 86_400_000 },
  { unit: "hour", length: 3_600_000, from: 3_600_000 },
  { unit: "minute", length: 60_000, from: 60_000 },
] as const;

const relative = new Intl.RelativeTimeFormat("en");
const absolute = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** A moment seen from now. The server does not know the reader's time zone; how long ago needs none. */
export function time(moment: Date, now: number): Html {
  const title = `${absolute.format(moment)} UTC`;
  return html`<time datetime="${moment.toISOString()}" title="${title}">${words(moment.getTime() - now)}</time>`;
}

function words(distance: number): string {
  // Rounded to seconds first: what ends in a day ends "in 24 hours" a moment later, too.
  const rounded = Math.round(distance / 1_000) * 1_000;
  const size = UNITS.find(({ from }) => Math.abs(rounded) >= from);
  if (size) return relative.format(Math.round(rounded / size.length), size.unit);
  return rounded > 0 ? "in less than a minute" : "just now";
}
