export type { ContractReply, ContractRoute } from "./_contract-app.ts";
export { type AdapterContractOptions, adapterContract, type ContractApp } from "./adapter-contract.ts";
export type { ContractSkip, TestRunner } from "./contract.ts";
export { type StoreContractOptions, storeContract } from "./store-contract.ts";
export { TestClock } from "./test-clock.ts";
