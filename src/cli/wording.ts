/** Returns a number with its noun, such as "1 session" and "12 sessions". */
export function formatCount(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`;
}

/** Formats a number with spaces between the thousands, which no language takes for a decimal sign. */
export function formatNumber(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}
