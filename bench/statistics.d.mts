export interface Spread {
  lower: number;
  median: number;
  upper: number;
}
export function spreadOf(samples: readonly number[]): Spread;
