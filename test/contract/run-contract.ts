import { type StoreContractOptions, storeContract } from "sessionup/testing";
import { describe, it } from "vitest";

/** Runs the store contract. Its scans come first, because they go through the sessions that other tests leave. */
export function runContract(options: StoreContractOptions): void {
  const groups: Array<() => void> = [];
  const collect = (title: string, body: () => void) => {
    const define = () => describe(title, body);
    if (title === "scan") groups.unshift(define);
    else groups.push(define);
  };
  storeContract({ describe: collect, it }, options);
  for (const define of groups) define();
}
