/** An authenticator assurance level of NIST SP 800-63B-4. */
export type AssuranceLevel = "aal1" | "aal2" | "aal3";

/** The session limits of a level, in milliseconds. */
export interface NistLimits {
  /** The overall timeout. */
  readonly overall: number;
  /** The inactivity timeout. */
  readonly idle: number | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The limits by SP 800-63B-4 sections 2.1.3, 2.2.3 and 2.3.3. */
export const NIST_LIMITS: Readonly<Record<AssuranceLevel, NistLimits>> = {
  aal1: { overall: 30 * 24 * HOUR, idle: undefined },
  aal2: { overall: 24 * HOUR, idle: HOUR },
  aal3: { overall: 12 * HOUR, idle: 15 * MINUTE },
};
