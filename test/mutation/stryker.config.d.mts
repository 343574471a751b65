/** The files in which every line matters for authentication. */
export const FILES: readonly string[];
