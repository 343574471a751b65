import cookieSession from "cookie-session";

/** When the old keys are deleted: the day of the deployment plus `maxAge`. */
export const OLD_COOKIES_UNTIL = new Date(process.env.OLD_COOKIES_UNTIL ?? "");
if (Number.isNaN(OLD_COOKIES_UNTIL.getTime())) throw new Error("OLD_COOKIES_UNTIL must be a date.");

export const oldSession = cookieSession({
  name: "session",
  keys: [process.env.SESSION_KEY ?? ""],
  maxAge: 14 * 86_400_000,
  httpOnly: true,
  secure: true,
  sameSite: "lax",
});
