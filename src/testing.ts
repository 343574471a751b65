export type { ContractReply, ContractRoute } from "./testing/adapter/route.ts";
export {
  type AdapterContractOptions,
  adapterContract,
  type ContractApp,
} from "./testing/adapter-contract.ts";
export type { ContractSkip, TestRunner } from "./testing/contract.ts";
export { cookieOf, type ResponseWithCookies } from "./testing/cookie-of.ts";
export { type SignInArguments, type SignInOptions, signIn, withSession } from "./testing/sign-in.ts";
export { type StoreContractOptions, storeContract } from "./testing/store-contract.ts";
export { TestClock } from "./testing/test-clock.ts";
