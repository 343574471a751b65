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

/** Renders a time relative to `now`, because the server does not know the reader's time zone. */
export function time(moment: Date, now: number): Html {
  const title = `${absolute.format(moment)} UTC`;
  return html`<time datetime="${moment.toISOString()}" title="${title}">${formatDistance(moment.getTime() - now)}</time>`;
}

function formatDistance(distance: number): string {
  // Round to seconds first, so that a session that ends in a day still shows "in 24 hours" a moment later.
  const rounded = Math.round(distance / 1_000) * 1_000;
  const size = UNITS.find(({ from }) => Math.abs(rounded) >= from);
  if (size) return relative.format(Math.round(rounded / size.length), size.unit);
  return rounded > 0 ? "in less than a minute" : "just now";
}
