import { nextContract } from "./_next-contract.ts";

nextContract(15);
