/** Thrown at a safe point after Ctrl-C. The message says what was done until then. */
export class Interrupted extends Error {}
