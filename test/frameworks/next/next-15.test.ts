import { nextContract } from "./_contract.ts";

nextContract(15);
