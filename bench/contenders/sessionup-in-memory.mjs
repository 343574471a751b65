import { memoryStore } from "../../dist/stores/memory.js";
import { createContenders } from "./_sessionup.mjs";

/** The memory store, whichever database the other contenders use: what `sessionup-cached` should come close to. */
export const { node } = createContenders(() => memoryStore());
