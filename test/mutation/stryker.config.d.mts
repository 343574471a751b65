/** The files whose every line decides who gets in. */
export const FILES: readonly string[];
