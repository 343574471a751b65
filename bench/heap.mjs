/** Returns the bytes in use after garbage collection, inside and outside the heap. Needs `--expose-gc`. */
export function bytesInUse() {
  for (let run = 0; run < 3; run++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, outside: external };
}
