/** The meanings of exit codes. Scripts rely on these numbers. */
export const EXIT = {
  /** The command did what it was asked. An empty list is an answer, too. */
  ok: 0,
  /** The store failed, a check failed, or the operator did not confirm. */
  failure: 1,
  /** The command line is wrong. Nothing was done. */
  usage: 2,
  /** No session or user matches, or there is no audit trail. Nothing was changed. */
  notFound: 3,
  /** Ctrl-C. Steps that were complete by then remain. */
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
