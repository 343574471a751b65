/** The reasons for which a session ended, as the pages tell them. */
export const ENDED: Readonly<Partial<Record<string, string>>> = {
  revoked: "You were signed out from another device. If that was not you, sign in and change your password.",
  logout: "You signed out in this browser.",
  evicted: "You were signed out because you signed in on too many devices.",
  expired: "You were signed out because your session expired.",
  idle: "You were signed out because you were inactive.",
  reused: "You were signed out because someone may have copied your cookie. Change your password.",
};

/** The text for all other reasons. */
export const ENDED_OTHERWISE = "Your session has ended. Sign in again.";
