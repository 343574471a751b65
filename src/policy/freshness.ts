/** What a request needs the user to have proved. */
export interface Need {
  /** How long ago at most, in milliseconds. */
  readonly maxAuthAge: number;
}

/** What the holder of a secret has proved. */
export interface Proved {
  readonly authenticatedAt: number;
}

/** Whether what was proved is enough. */
export function meets({ authenticatedAt }: Proved, { maxAuthAge }: Need, now: number): boolean {
  return now - authenticatedAt <= maxAuthAge;
}
