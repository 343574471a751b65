export type { ContractReply, ContractRoute } from "./_contract-app.ts";
export { type AdapterContractOptions, adapterContract, type ContractApp } from "./adapter-contract.ts";
export type { ContractSkip, TestRunner } from "./contract.ts";
export { cookieOf, type ResponseWithCookies } from "./cookie-of.ts";
export { type SignInArguments, type SignInOptions, signIn, withSession } from "./sign-in.ts";
export { type StoreContractOptions, storeContract } from "./store-contract.ts";
export { TestClock } from "./test-clock.ts";
