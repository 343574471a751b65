/** What is in use after a collection of garbage, in bytes: in the heap, and beside it. Needs `--expose-gc`. */
export function bytesInUse() {
  for (let time = 0; time < 3; time++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, beside: external };
}
