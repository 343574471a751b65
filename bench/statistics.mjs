/**
 * @typedef {{ median: number, lower: number, upper: number }} Spread  the median and the quartiles
 */

/**
 * @param {readonly number[]} samples
 * @returns {Spread}
 */
export function spreadOf(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  return { lower: quantile(sorted, 0.25), median: quantile(sorted, 0.5), upper: quantile(sorted, 0.75) };
}

/** Interpolates between neighbouring values. */
function quantile(/** @type {readonly number[]} */ sorted, /** @type {number} */ share) {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const left = sorted[below] ?? Number.NaN;
  const right = sorted[below + 1] ?? left;
  return left + (right - left) * (place - below);
}

/**
 * Combines the samples of two contenders round by round. Within a round the state of the machine is the same for both, so it
 * cancels out.
 *
 * @param {readonly number[]} samples
 * @param {readonly number[]} others
 * @param {(sample: number, other: number) => number} combine
 * @returns {Spread}
 */
export function paired(samples, others, combine) {
  return spreadOf(samples.map((sample, round) => combine(sample, others[round] ?? Number.NaN)));
}
