/**
 * Draws how the cost of operations grows. For each store, the left panel is by all sessions, where a flat line is expected. The
 * right panel is by the user's own sessions, where the dashed line shows linear growth. Both axes are logarithmic.
 *
 * @param {readonly { name: string, size: number, figures: Record<string, number> }[]} rows
 */
export function plotGrowth(rows) {
  const stores = [...new Set(rows.map(({ name }) => name))];
  const panels = stores.flatMap((store, index) => {
    const own = rows.filter(({ name }) => name === store);
    const top = TOP + index * (HEIGHT + GAP);
    return [
      panel(`${store}: by all sessions`, MARGIN, top, byAllSessions(own)),
      panel(`${store}: by the user's own sessions`, MARGIN + WIDTH + 80, top, byOwnSessions(own), true),
    ];
  });
  const height = TOP + stores.length * (HEIGHT + GAP);
  const legend = Object.entries(COLORS).map(
    ([name, color], index) =>
      `<text x="${MARGIN + index * 150}" y="24" fill="${color}" font-weight="bold">${name}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH + 80 + 2 * MARGIN} ${height}" font-family="sans-serif" font-size="12">
<title>Cost of operations by number of sessions</title>
<rect width="100%" height="100%" fill="white"/>
${[...legend, ...panels].join("\n")}
</svg>
`;
}

const WIDTH = 380;
const HEIGHT = 200;
const MARGIN = 70;
const TOP = 60;
const GAP = 70;
const COLORS = /** @type {Record<string, string>} */ ({
  fetch: "#1b6ac9",
  list: "#0a7d55",
  create: "#b35c00",
  end: "#b0203f",
});

/** @typedef {Record<string, [x: number, y: number][]>} Lines  by operation */

/** @returns {Lines} */
function byAllSessions(/** @type {readonly { size: number, figures: Record<string, number> }[]} */ rows) {
  const figures = { fetch: "fetch", list: "list 10", create: "create 10", end: "end 10" };
  return Object.fromEntries(
    Object.entries(figures).map(([operation, figure]) => [
      operation,
      rows.map(({ size, figures: all }) => [size, all[figure] ?? Number.NaN]),
    ]),
  );
}

/** Uses the figures of the largest store. */
function byOwnSessions(/** @type {readonly { size: number, figures: Record<string, number> }[]} */ rows) {
  /** @type {Lines} */
  const lines = {};
  for (const [figure, cost] of Object.entries(rows.at(-1)?.figures ?? {})) {
    const [operation = "", own] = figure.split(" ");
    if (!own) continue;
    lines[operation] ??= [];
    lines[operation].push([Number(own), cost]);
  }
  return lines;
}

function panel(
  /** @type {string} */ title,
  /** @type {number} */ left,
  /** @type {number} */ top,
  /** @type {Lines} */ lines,
  linear = false,
) {
  const points = Object.values(lines).flat();
  const x = axis(points.map(([value]) => value));
  const y = axis(points.map(([, value]) => value));
  const atX = (/** @type {number} */ value) => round(left + x.share(value) * WIDTH);
  const atY = (/** @type {number} */ value) => round(top + HEIGHT - y.share(value) * HEIGHT);
  const parts = [`<text x="${left}" y="${top - 10}" font-weight="bold">${title}</text>`];
  for (const tick of x.ticks) {
    parts.push(
      `<path d="M${atX(tick)} ${top}V${top + HEIGHT}" stroke="#ddd"/>`,
      `<text x="${atX(tick)}" y="${top + HEIGHT + 16}" text-anchor="middle">${tick.toLocaleString("en")}</text>`,
    );
  }
  for (const tick of y.ticks) {
    parts.push(
      `<path d="M${left} ${atY(tick)}H${left + WIDTH}" stroke="#ddd"/>`,
      `<text x="${left - 6}" y="${atY(tick) + 4}" text-anchor="end">${label(tick)}</text>`,
    );
  }
  if (linear) {
    // A diagonal from the corner: one decade up for each decade to the right.
    const [from = 1] = x.ticks;
    const start = y.ticks[0] ?? 1;
    const decades = Math.min(x.ticks.length, y.ticks.length) - 1;
    parts.push(
      `<path d="M${atX(from)} ${atY(start)}L${atX(from * 10 ** decades)} ${atY(start * 10 ** decades)}" stroke="#888" stroke-dasharray="5 5" fill="none"/>`,
    );
  }
  for (const [operation, line] of Object.entries(lines)) {
    const color = COLORS[operation];
    const path = line.map(([at, cost], index) => `${index === 0 ? "M" : "L"}${atX(at)} ${atY(cost)}`);
    parts.push(
      `<path d="${path.join("")}" stroke="${color}" stroke-width="2" fill="none"/>`,
      ...line.map(([at, cost]) => `<circle cx="${atX(at)}" cy="${atY(cost)}" r="3" fill="${color}"/>`),
    );
  }
  return parts.join("\n");
}

/** Returns an axis of whole decades around the values. */
function axis(/** @type {readonly number[]} */ values) {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, index) => Number(`1e${first + index}`)),
    share: (/** @type {number} */ value) => (Math.log10(value) - first) / (last - first),
  };
}

/** Formats milliseconds in the most readable unit. */
function label(/** @type {number} */ milliseconds) {
  if (milliseconds < 0.001) return `${milliseconds * 1e6} ns`;
  if (milliseconds < 1) return `${Number((milliseconds * 1e3).toPrecision(2))} µs`;
  return milliseconds < 1_000 ? `${milliseconds} ms` : `${milliseconds / 1_000} s`;
}

function round(/** @type {number} */ value) {
  return Math.round(value * 10) / 10;
}
