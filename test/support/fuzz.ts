/** How many inputs a parser is given: so many, or what FUZZ_RUNS says, in a long run. */
export function fuzzRuns(runs: number): { readonly numRuns: number } {
  return { numRuns: Number(process.env.FUZZ_RUNS ?? runs) };
}
