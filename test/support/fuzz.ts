import fc from "fast-check";

/** Returns the number of inputs of a fuzz test: `runs`, or FUZZ_RUNS for a long run. */
export function fuzzRuns(runs: number): { readonly numRuns: number } {
  return { numRuns: Number(process.env.FUZZ_RUNS ?? runs) };
}

/** Generates strings of at most `maxLength` pieces. */
export function joined(piece: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc.array(piece, { maxLength }).map((pieces) => pieces.join(""));
}

/** Generates forgeries of a signed text: strings of pieces, modified copies, and arbitrary values. */
export function forged(own: string, piece: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<unknown> {
  const changed = fc
    .tuple(fc.nat(own.length), fc.string({ unit: "binary", maxLength: 3 }))
    .map(([at, put]) => own.slice(0, at) + put + own.slice(at + put.length));
  return fc.oneof(joined(piece, maxLength), changed, fc.anything());
}
