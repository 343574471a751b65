/**
 * How long a process has to report the sessions that it has taken from the table, in milliseconds. Then another process reports
 * them.
 */
export const CLAIM_TIME = 60_000;
