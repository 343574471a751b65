export type { ContractSkip, TestRunner } from "./contract.ts";
export { type StoreContractOptions, storeContract } from "./store-contract.ts";
export { TestClock } from "./test-clock.ts";
