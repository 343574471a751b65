import fc from "fast-check";

/** How many inputs a parser is given: so many, or what FUZZ_RUNS says, in a long run. */
export function fuzzRuns(runs: number): { readonly numRuns: number } {
  return { numRuns: Number(process.env.FUZZ_RUNS ?? runs) };
}

/** Texts of so many pieces at most. */
export function joined(piece: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc.array(piece, { maxLength }).map((pieces) => pieces.join(""));
}

/** What somebody makes of a signed text who cannot sign: of pieces, by a change to it, or anything at all. */
export function forged(own: string, piece: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<unknown> {
  const changed = fc
    .tuple(fc.nat(own.length), fc.string({ unit: "binary", maxLength: 3 }))
    .map(([at, put]) => own.slice(0, at) + put + own.slice(at + put.length));
  return fc.oneof(joined(piece, maxLength), changed, fc.anything());
}
